namespace Lakala.Local;

/// <summary><c>./lakala books</c>: the trial balance of the running instance.</summary>
public static class Books
{
    public static async Task<int> Run(CancellationToken stop)
    {
        var file = Path.Combine(Repository.Home, "up.json");
        var up = await LocalFiles.Read<UpFile>(file) ?? throw new SetupException($"there is no {file}: start `./lakala up` first");
        var environment = new Dictionary<string, string> { ["ConnectionStrings__Lakala"] = up.Database };
        return await Tool.Show([Repository.Program("Silo"), "books"], environment, cancel: stop);
    }
}
