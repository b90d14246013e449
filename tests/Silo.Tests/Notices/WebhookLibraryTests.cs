using System.Text.Json;
using System.Xml.Linq;
using Lakala.Local;
using Lakala.Silo.Notices;
using Lakala.Storage.Notices;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;

namespace Lakala.Silo.Tests.Notices;

/// <summary>The libraries of docs/merchant-api.md with which merchants verify our notices, in the versions of that page.</summary>
public sealed class WebhookLibraryTests
{
    private static readonly byte[] OldSecret = [.. Enumerable.Repeat((byte)1, WebhookSignature.SecretBytes)];
    private static readonly byte[] NewSecret = [.. Enumerable.Repeat((byte)2, WebhookSignature.SecretBytes)];
    private static readonly byte[] Another = [.. Enumerable.Repeat((byte)3, WebhookSignature.SecretBytes)];
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Silo.Tests", "Notices", "WebhookLibraries");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_library_that_reads_only_the_first_signature_accepts_the_second_try()
    {
        var first = await Receive(tries: 1);
        var second = await Receive(tries: 2);

        (IsAccepted(first, OldSecret), IsAccepted(first, NewSecret)).Should().Be((true, false));
        (IsAccepted(second, OldSecret), IsAccepted(second, NewSecret)).Should().Be((false, true));
        IsAccepted(await Receive(tries: 1, isRotating: false), NewSecret).Should().BeTrue();
        IsAccepted(first with { Body = first.Body + " " }, OldSecret).Should().BeFalse();
    }

    [Theory]
    [InlineData("standardwebhooks")]
    [InlineData("svix")]
    public async Task A_library_that_reads_all_signatures_accepts_with_either_secret_at_every_try(string library)
    {
        var first = await Receive(tries: 1);
        var second = await Receive(tries: 2);

        (await AreAccepted(
            library,
            [
                (first, OldSecret), (first, NewSecret), (second, OldSecret), (second, NewSecret),
                (first, Another), (first with { Body = first.Body + " " }, NewSecret),
            ])).Should().Equal(true, true, true, true, false, false);
    }

    [Fact]
    public void The_guide_names_the_versions_that_are_tried_here()
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "merchant-api.md"));
        var npm = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "package.json"))).RootElement.GetProperty("dependencies");

        foreach (var library in npm.EnumerateObject())
        {
            guide.Should().Contain($"`{library.Name}` {library.Value.GetString()}");
        }

        var nuGet = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .Single(package => (string?)package.Attribute("Include") == "StandardWebhooks");
        guide.Should().Contain($"`StandardWebhooks` {(string?)nuGet.Attribute("Version")}");
    }

    private static bool IsAccepted(Received notice, byte[] secret)
    {
        try
        {
            new StandardWebhook(WebhookSignature.Show(secret)).Verify(
                notice.Body, new HeaderDictionary(notice.Headers.ToDictionary(header => header.Key, header => new Microsoft.Extensions.Primitives.StringValues(header.Value))));
            return true;
        }
        catch (WebhookVerificationException)
        {
            return false;
        }
    }

    private static async Task<bool[]> AreAccepted(string library, IEnumerable<(Received Notice, byte[] Secret)> notices)
    {
        var answer = await Tool.Run(
            ["/usr/bin/node", Path.Combine(await InstallLibraries(), "verify.mjs")],
            input: JsonSerializer.Serialize(notices.Select(one => new
            {
                library,
                secret = WebhookSignature.Show(one.Secret),
                headers = one.Notice.Headers,
                body = one.Notice.Body,
            })),
            cancel: Stop);
        answer.ExitCode.Should().Be(0, answer.Error);
        return JsonSerializer.Deserialize<bool[]>(answer.Output)!;
    }

    /// <returns>Their folder, for the same versions.</returns>
    private static async Task<string> InstallLibraries()
    {
        var home = Path.Combine(Repository.Home, "test", "webhook-libraries");
        var done = Path.Combine(home, "installed.json");
        var wanted = await File.ReadAllTextAsync(Path.Combine(Folder, "package-lock.json"), Stop);
        Directory.CreateDirectory(home);
        foreach (var file in Directory.GetFiles(Folder))
        {
            File.Copy(file, Path.Combine(home, Path.GetFileName(file)), overwrite: true);
        }

        if (!File.Exists(done) || await File.ReadAllTextAsync(done, Stop) != wanted)
        {
            var installed = await Tool.Run(
                ["/usr/bin/npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], workingDirectory: home, cancel: Stop);
            installed.ExitCode.Should().Be(0, installed.Error);
            await File.WriteAllTextAsync(done, wanted, Stop);
        }

        return home;
    }

    /// <summary>A notice as it comes to a receiver.</summary>
    private static async Task<Received> Receive(int tries, bool isRotating = true)
    {
        var received = new TaskCompletionSource<Received>();
        await using var peer = await HttpPeer.Start(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            received.SetResult(new Received(
                context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()), await reader.ReadToEndAsync(Stop)));
        });
        using var channel = new WebhookChannel(Options.Create(new NoticeOptions { AllowPrivateAddresses = true }), new PlainVault(), TimeProvider.System);
        var notice = new Notice(
            Guid.NewGuid(),
            "we_1",
            EventTypes.Paid,
            TimeProvider.System.GetUtcNow(),
            """{"description":"紫砂茶壶 🍵"}""",
            new WebhookTarget(peer.Url, NewSecret.ToArray(), isRotating ? OldSecret.ToArray() : null),
            Bill: null,
            tries);
        (await channel.Send(notice)).Outcome.Should().Be(NoticeOutcome.Accepted);
        return await received.Task;
    }

    private sealed record Received(Dictionary<string, string> Headers, string Body);
}
