namespace Lakala.Local;

/// <summary><c>./lakala down</c>: ends the programs of the state folder, and of the folders of a demo, tests or bench in it.</summary>
public static class Down
{
    private const int Depth = 3;

    public static async Task<int> Run()
    {
        var ended = new List<string>();
        foreach (var folder in Instances(Repository.Home, Depth))
        {
            ended.AddRange(await StateFolder.EndProcesses(folder));
        }

        Console.WriteLine(ended.Count == 0 ? "nothing was running" : $"ended {string.Join(", ", ended)}");
        return 0;
    }

    private static IEnumerable<string> Instances(string folder, int depth)
    {
        if (depth == 0 || !Directory.Exists(folder))
        {
            return [];
        }

        var within = Directory.GetDirectories(folder).SelectMany(inner => Instances(inner, depth - 1));
        return Directory.Exists(Path.Combine(folder, "pids")) ? within.Prepend(folder) : within;
    }
}
