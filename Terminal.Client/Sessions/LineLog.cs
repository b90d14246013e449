using System.Globalization;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Setup;
using Lakala.Vocabulary;

namespace Lakala.Terminal.Client.Sessions;

/// <summary>The troubles of a terminal's line in the machine's words, for whoever looks after it. Two files of at most 64 KB.</summary>
internal sealed class LineLog(string file, TimeProvider time)
{
    private const int MaxBytes = 64 * 1024;

    private readonly Lock _lock = new();
    private string? _last;

    /// <summary>The same twice in a row is written once.</summary>
    public void Write(string what)
    {
        lock (_lock)
        {
            if (what == _last)
            {
                return;
            }

            _last = what;
            try
            {
                if (new FileInfo(file) is { Exists: true, Length: > MaxBytes })
                {
                    File.Move(file, file + ".1", overwrite: true);
                }

                using var log = new StreamWriter(PrivateFile.Open(file, FileMode.Append));
                log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Rfc3339.ToSeconds(time.GetUtcNow())} {TextColumns.Clean(what)}"));
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // A disk that takes no log stops no payment; the journal tells of the disk itself.
            }
        }
    }
}
