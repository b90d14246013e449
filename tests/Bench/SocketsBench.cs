using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Lakala.Local;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Bench;

/// <summary>
/// A swarm swipes and a terminal signs on repeatedly, first alone and then beside silent connections to the gateway that
/// reconnect when they are closed.
/// </summary>
public sealed class SocketsBench(int terminals, int sockets, TimeSpan measured)
{
    private static readonly TimeSpan BetweenSignOns = TimeSpan.FromMilliseconds(100);

    public async Task<int> Run(CancellationToken stop)
    {
        var billsOfARun = SwarmRun.CountBills(measured);
        await using var network = await BenchNetwork.Start(terminals, 2 * billsOfARun, Say, stop);
        await BenchNetwork.Vacuum(network, stop);
        Say($"{terminals} terminals swipe, one signs on again and again");
        var alone = await Measure(network, network.Seed.Bills.Take(billsOfARun), stop);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var silent = Enumerable.Range(0, sockets).Select(_ => SayNothing(network, over.Token)).ToArray();
        Say($"the same beside {sockets} connections that say nothing");
        var beside = await Measure(network, network.Seed.Bills.Skip(billsOfARun), stop);
        await over.CancelAsync();
        var closed = (await Task.WhenAll(silent)).Sum();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

                                       alone   beside {sockets} silent
            settled swipes   {alone.SettledPerSecond,15:N0}   {beside.SettledPerSecond,15:N0} /s
            sign-on p50      {Quantile(alone.SignOns, 0.5),15:N1}   {Quantile(beside.SignOns, 0.5),15:N1} ms
            sign-on p99      {Quantile(alone.SignOns, 0.99),15:N1}   {Quantile(beside.SignOns, 0.99),15:N1} ms
            sign-ons         {alone.SignOns.Count,15:N0}   {beside.SignOns.Count,15:N0}
            ratio            {beside.SettledPerSecond / alone.SettledPerSecond,15:N2}
            silent closed    {closed,15:N0}
            """));
        return 0;
    }

    private async Task<(double SettledPerSecond, List<double> SignOns)> Measure(LocalNetwork network, IEnumerable<string> bills, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var signOns = SignOnAgainAndAgain(network, over.Token);
        var swipes = await new SwarmRun([.. network.Seed.Terminals.SkipLast(1)], bills, SwarmRun.UsualWarmUp, measured).Measure(network, stop);
        await over.CancelAsync();
        return (swipes.Swarm.SettledPerSecond, await signOns);
    }

    // From the connection to the answer, as a terminal does it after its line was lost.
    private static async Task<List<double>> SignOnAgainAndAgain(LocalNetwork network, CancellationToken stop)
    {
        var who = network.SpareTerminal;
        var cas = TrustedCas.Read(network.Terminal.Ca);
        using var master = new MasterKey(Convert.FromHexString(who.MasterKey));
        var times = new List<double>();
        try
        {
            for (var stan = 1; ; stan++)
            {
                var begun = TimeProvider.System.GetTimestamp();
                await using var line = await TlsLine.Connect(network.Terminal.Host, network.Terminal.Port, cas, null, stop);
                var frame = new ArrayBufferWriter<byte>();
                var request = new SignOnRequest(
                    new Origin(who.Id, who.Store, stan), TimeProvider.System.GetUtcNow(), RandomNumberGenerator.GetBytes(SignOnRequest.NonceLength), "bench", "en");
                Iso8583Frame.Write(frame, request.ToIso(), master.SignOnMac);
                await line.WriteAsync(frame.WrittenMemory, stop);
                var prefix = new byte[Iso8583Frame.PrefixLength];
                await line.ReadExactlyAsync(prefix, stop);
                var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
                await line.ReadExactlyAsync(answer, stop);
                if (SignOnAnswer.FromIso(Iso8583Codec.Decode(Iso8583Spec.Lakala, answer)).Verdict.Code != ResponseCodes.Approved)
                {
                    throw new SetupException("a sign-on was refused");
                }

                times.Add(TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
                await Task.Delay(BetweenSignOns, stop);
            }
        }
        catch (OperationCanceledException)
        {
            return times;
        }
    }

    /// <returns>The number of times that it was closed.</returns>
    private static async Task<int> SayNothing(LocalNetwork network, CancellationToken stop)
    {
        for (var closed = 0; ; closed++)
        {
            try
            {
                await using var socket = await TlsLine.ConnectPlain(network.Terminal.Host, network.Terminal.Port, stop);
                await socket.ReadExactlyAsync(new byte[1], stop);
            }
            catch (Exception fault) when (fault is IOException or SocketException)
            {
                // Closed in another way.
            }
            catch (OperationCanceledException)
            {
                return closed;
            }
        }
    }

    private static double Quantile(List<double> values, double share) =>
        values.Count == 0 ? double.NaN : values.Order().ElementAt((int)Math.Min(values.Count - 1, share * values.Count));

    private static void Say(string step) => Console.WriteLine($"  {step}");
}
