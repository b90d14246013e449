using System.Runtime.InteropServices;
using Lakala.Local;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
try
{
    return args switch
    {
        ["up"] => await Up.Run(1, stop.Token),
        ["up", "--silos", var silos] when int.TryParse(silos, out var count) && count is >= 1 and <= Up.MostSilos => await Up.Run(count, stop.Token),
        ["demo"] => await Demo.Run(stop.Token),
        ["down"] => await Down.Run(),
        ["test"] => await TestRun.Run(null, stop.Token),
        ["test", var project] => await TestRun.Run(project, stop.Token),
        ["books"] => await Books.Run(stop.Token),
        _ => Usage(),
    };
}
catch (SetupException fault)
{
    Console.Error.WriteLine($"lakala: {fault.Message}");
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}

void End(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

static int Usage()
{
    Console.Error.WriteLine("usage: Lakala.Local up [--silos N] | demo | down | test [PROJECT] | books");
    return 64;
}
