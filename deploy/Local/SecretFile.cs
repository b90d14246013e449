namespace Lakala.Local;

/// <summary>A file that only its owner reads (0600), written whole or not at all.</summary>
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
