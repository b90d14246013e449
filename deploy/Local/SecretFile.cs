namespace Lakala.Local;

/// <summary>An owner-only file (0600) that is written in one step.</summary>
public static class SecretFile
{
    public static async Task Write(string path, string content)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        var unfinished = path + ".new";
        File.Delete(unfinished);
        await using (var writer = new StreamWriter(unfinished, options))
        {
            await writer.WriteAsync(content);
        }

        File.Move(unfinished, path, overwrite: true);
    }
}
