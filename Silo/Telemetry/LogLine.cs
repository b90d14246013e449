using Lakala.Storage;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Lakala.Silo.Telemetry;

/// <summary>
/// One line of the log: time, severity, source, trace and text. Of the logging scopes only the trace is used: those of the
/// web server have the paths of requests, and the address of a bill page is a secret.
/// </summary>
internal sealed class LogLine(TimeProvider time) : ConsoleFormatter("line")
{
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        textWriter.Write(Rfc3339.ToMilliseconds(time.GetUtcNow()));
        textWriter.Write(' ');
        textWriter.Write($"{Gravity(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] ");
        if (Instrumentation.TraceId is { } trace)
        {
            textWriter.Write($"TraceId:{trace} ");
        }

        textWriter.Write(OneLine(logEntry.Formatter(logEntry.State, logEntry.Exception)));
        if (logEntry.Exception is { } fault)
        {
            textWriter.Write(' ');
            textWriter.Write(OneLine(fault.ToString()));
        }

        textWriter.WriteLine();
    }

    // Control characters from others are removed, so that they cannot change what a console shows.
    private static string OneLine(string text) =>
        string.Concat(text.ReplaceLineEndings(" ").Select(static sign => char.IsControl(sign) ? ' ' : sign));

    private static string Gravity(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
