using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// Clients that public generators make from the merchants' document of a running silo: they compile, and each calls every
/// operation. Linters read the operators' document too. The generators are kept in the state folder, so that they are downloaded once.
/// </summary>
public sealed class GeneratedClientsTests(Network network)
{
    private static readonly string Sources = Path.Combine(Repository.Root, "tests", "EndToEnd.Tests", "Clients");
    private static readonly string Tools = Path.Combine(Repository.Home, "test", "clients");

    // The one that comes with the browser's driver; Debian's is older than what the generators want.
    private static readonly string Node = Path.Combine(AppContext.BaseDirectory, ".playwright", "node", "linux-x64", "node");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clients_made_by_four_generators_call_every_operation_and_the_linters_find_nothing()
    {
        await Task.WhenAll(FetchPackages(), Run(Sources, "dotnet", "tool", "restore"));
        var folder = Path.Combine(Tools, "made");
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        var (csharp, typescript) = (Copy("CSharp", folder), Copy("TypeScript", folder));
        Directory.CreateSymbolicLink(Path.Combine(typescript, "node_modules"), Path.Combine(Tools, "node_modules"));
        using var shop = await Shop.Open(network.Local);
        var document = Path.Combine(folder, "v1.json");
        var text = (await shop.Get("/openapi/v1.json")).Text;
        await File.WriteAllTextAsync(document, text, Stop);
        using var admin = await Shop.OpenAdmin(network.Local, "watch");
        var operators = Path.Combine(folder, "admin.json");
        await File.WriteAllTextAsync(operators, (await admin.Get("/v1/admin/openapi/admin.json")).Text, Stop);

        await Task.WhenAll(
            Script(typescript, "@redocly/cli/bin/cli.js", "lint", "--config", Path.Combine(Sources, "redocly.yaml"), "--max-problems", "50", document, operators),
            Script(typescript, "@stoplight/spectral-cli/dist/index.js", "lint", "--ruleset", Path.Combine(Sources, "spectral.yaml"), "--fail-severity", "hint", document, operators),
            Task.Run(
                async () =>
                {
                    await Task.WhenAll(
                        Run(Sources, "dotnet", "nswag", "openapi2csclient", $"/input:{document}", $"/output:{csharp}/NSwag.cs", "/namespace:NSwagClient", "/className:LakalaClient"),
                        Run(Sources, "dotnet", "kiota", "generate", "-d", document, "-l", "CSharp", "-o", $"{csharp}/kiota", "-n", "KiotaClient", "-c", "LakalaClient", "--exclude-backward-compatible"));
                    await Run(csharp, "dotnet", "build", "-c", "Release", "-v", "q", "-nologo", "--tl:off", "-nodeReuse:false", "-o", "out");
                },
                Stop),
            Task.Run(
                async () =>
                {
                    await Task.WhenAll(
                        Script(typescript, "openapi-typescript/bin/cli.js", document, "-o", "types.ts"),
                        Script(typescript, "@hey-api/openapi-ts/bin/run.js", "-i", document, "-o", "hey"));
                    await Script(typescript, "typescript/bin/tsc", "-p", ".");
                },
                Stop));

        var operations = JsonElement.Parse(text).GetProperty("paths").EnumerateObject()
            .SelectMany(static path => path.Value.EnumerateObject().Select(static method => method.Value.GetProperty("operationId").GetString()!)).ToList();
        foreach (var client in new[] { "nswag", "kiota", "fetch", "hey" })
        {
            using var merchant = await Shop.Open(network.Local);
            string[] arguments = [client, network.Local.Http.GetLeftPart(UriPartial.Authority), merchant.ApiKey!, "http://127.0.0.1:9/nobody"];
            var printed = client is "nswag" or "kiota"
                ? await Run(csharp, [Path.Combine(csharp, "out", "Clients"), .. arguments])
                : await Run(typescript, [Node, Path.Combine(typescript, "out", "drive.js"), .. arguments, document]);

            printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().BeEquivalentTo(operations, "{0} calls all that there is", client);
        }
    }

    private static async Task FetchPackages()
    {
        Directory.CreateDirectory(Tools);
        var wanted = await File.ReadAllTextAsync(Path.Combine(Sources, "package-lock.json"), Stop);
        var kept = Path.Combine(Tools, "package-lock.json");
        if (Directory.Exists(Path.Combine(Tools, "node_modules")) && File.Exists(kept) && await File.ReadAllTextAsync(kept, Stop) == wanted)
        {
            return;
        }

        File.Copy(Path.Combine(Sources, "package.json"), Path.Combine(Tools, "package.json"), overwrite: true);
        await File.WriteAllTextAsync(kept, wanted, Stop);
        await Run(Tools, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
    }

    // Without the rules that this repository has for code of its own.
    private static string Copy(string name, string folder)
    {
        var copy = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Sources, name)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        foreach (var file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
        {
            File.WriteAllText(Path.Combine(copy, file), "<Project />");
        }

        return copy;
    }

    private static Task<string> Script(string folder, string script, params string[] arguments) =>
        Run(folder, [Node, Path.Combine(Tools, "node_modules", script), .. arguments]);

    private static async Task<string> Run(string folder, params string[] command)
    {
        var done = await Tool.Run(command, workingDirectory: folder, cancel: Stop);
        done.ExitCode.Should().Be(0, "{0}: {1} {2}", string.Join(' ', command), done.Output, done.Error);
        return done.Output;
    }
}
