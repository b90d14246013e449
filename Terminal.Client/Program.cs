using System.Text;
using Lakala.Terminal.Client;

Console.OutputEncoding = Encoding.UTF8;
var home = Environment.GetEnvironmentVariable("LAKALA_HOME") is { Length: > 0 } set ? set : ".lakala";
return await new CommandLine(home, Console.In, Console.Out, Console.Error, TimeProvider.System).Run(args);
