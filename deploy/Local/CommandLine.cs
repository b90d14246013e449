using System.CommandLine;
using System.CommandLine.Invocation;

namespace Lakala.Local;

/// <summary>The verbs of this program. <c>./lakala help</c> lists them with those of the other programs.</summary>
public static class CommandLine
{
    /// <summary>The exit code of a command line that is not understood (<c>EX_USAGE</c>).</summary>
    public const int UsageFault = 64;

    /// <param name="stop">Ends the verb; the caller handles the signals.</param>
    /// <exception cref="SetupException">The verb cannot be carried out; the message says why.</exception>
    public static async Task<int> Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken stop)
    {
        var parsed = DescribeVerbs().Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var fault in parsed.Errors)
            {
                await error.WriteLineAsync($"lakala: {fault.Message}");
            }

            await error.WriteLineAsync("lakala: ./lakala help lists the verbs");
            return UsageFault;
        }

        // An instance needs longer to end than a command line is usually given.
        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await parsed.InvokeAsync(configuration, stop);
    }

    public static RootCommand DescribeVerbs()
    {
        var silos = new Option<int>("--silos") { Description = $"How many silos, 1 to {Up.MostSilos}: more than one are a cluster", DefaultValueFactory = _ => 1 };
        silos.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !(int.TryParse(text, out var count) && count is >= 1 and <= Up.MostSilos))
            {
                result.AddError($"--silos is a number from 1 to {Up.MostSilos}");
            }
        });
        var up = Verb("up", "Run everything on this machine, until Ctrl-C", (line, stop) => Up.Run(line.GetValue(silos), stop));
        up.Add(silos);
        var project = new Argument<string?>("project") { Description = "One test project, such as Model; all when left out", Arity = ArgumentArity.ZeroOrOne };
        var test = Verb("test", "Run the tests", (line, stop) => TestRun.Run(line.GetValue(project), stop));
        test.Add(project);
        return new RootCommand("What ./lakala runs on this machine.")
        {
            up,
            Verb("demo", "One order from bill to notice, each step shown and checked", (_, stop) => Demo.Run(stop)),
            Verb("down", "End what a crashed run left behind", (_, _) => Down.Run()),
            test,
            Verb("books", "The trial balance of the running instance", (_, stop) => Books.Run(stop)),
        };
    }

    private static System.CommandLine.Command Verb(string name, string description, Func<ParseResult, CancellationToken, Task<int>> run)
    {
        var verb = new System.CommandLine.Command(name, description);
        verb.SetAction(run);
        return verb;
    }
}
