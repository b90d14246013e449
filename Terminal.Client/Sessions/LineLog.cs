using System.Globalization;
using Lakala.Terminal.Client.Printing;
using Lakala.Vocabulary;
using Lakala.Wire.Files;

namespace Lakala.Terminal.Client.Sessions;

/// <summary>The technical messages about faults of a terminal's line, for its support. Two files of at most 64 KB.</summary>
internal sealed class LineLog(string file, TimeProvider time)
{
    private const int MaxBytes = 64 * 1024;

    private readonly Lock _lock = new();
    private string? _last;

    /// <summary>The same message twice in a row is written once.</summary>
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
                // A fault of the log stops no payment; the journal reports the fault of the disk.
            }
        }
    }
}
