using System.Security.Cryptography;
using Lakala.Local;
using Lakala.Wire.Keys;
using Microsoft.Playwright;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>A network with fast alarms, and with a program that receives them.</summary>
public sealed class OpsNetwork : IAsyncLifetime
{
    private const int Terminals = 32;

    private int _terminals;
    private string _secretFile = "";
    private NpgsqlDataSource _database = null!;

    public LocalNetwork Local { get; private set; } = null!;

    public WebhookReceiver Alarms { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        Alarms = await WebhookReceiver.Start();
        Alarms.Trust("whsec_" + Convert.ToBase64String(secret));
        _secretFile = Path.Combine(Path.GetTempPath(), $"lakala-alarms-{Guid.NewGuid():N}.key");
        KeyFile.Write(_secretFile, secret);
        Local = await Network.StartAnother(new LocalNetworkOptions
        {
            Terminals = Terminals,
            Silo = new Dictionary<string, string>
            {
                ["Ops__Interval"] = "00:00:00.3",
                ["Ops__OrleansDashboard"] = "true",
                ["Ops__AlarmUrl"] = Alarms.Address.ToString(),
                ["Ops__AlarmSecretFile"] = _secretFile,
                ["Notices__LongestPause"] = "00:00:00.05",
                ["Notices__OwnNetworks"] = "198.51.100.0/24",
            },
        });
        _database = NpgsqlDataSource.Create(Local.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Local?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Alarms.DisposeAsync();
        File.Delete(_secretFile);
    }

    public string Password(string name) => Local.Seed.Operators.Single(person => person.Name == name).Password;

    /// <summary>A terminal that no other test uses.</summary>
    public SeededTerminal NextTerminal() => Local.Seed.Terminals[Interlocked.Increment(ref _terminals) - 1];

    internal async Task<RawTerminal> SignedOn(SeededTerminal terminal) => await RawTerminal.SignedOn(Local, terminal);

    public async Task<T?> Scalar<T>(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return (T?)await command.ExecuteScalarAsync(Stop);
    }

    public async Task Execute(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }

    /// <summary>A client that keeps its cookies and follows no redirect, signed in as one of the seeded operators or not signed in.</summary>
    public async Task<HttpClient> Client(string? name)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Local.Http };

        // As a browser sends it with every form.
        client.DefaultRequestHeaders.Add("Origin", Local.Http.GetLeftPart(UriPartial.Authority));
        if (name is not null)
        {
            using var answer = await SignIn(client, name, Password(name));
            ((int)answer.StatusCode).Should().Be(303);
        }

        return client;
    }

    public static Task<HttpResponseMessage> SignIn(HttpClient client, string name, string password, string to = "") => client.PostAsync(
        new Uri("/ops/sign-in", UriKind.Relative),
        new FormUrlEncodedContent(new Dictionary<string, string> { ["name"] = name, ["password"] = password, ["to"] = to }),
        Stop);

    /// <summary>The operators' API with a key of this role; null: without a key.</summary>
    internal Task<Shop> Api(string? role) => role is null ? Task.FromResult(new Shop(Local, null)) : Shop.OpenAdmin(Local, role);

    /// <summary>Opens a page in a browser, and signs in before.</summary>
    public async Task<IPage> Visit(Browser browser, string name, string path)
    {
        var page = await browser.Open(width: 1280, height: 900);
        await page.GotoAsync(new Uri(Local.Http, path).ToString());
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(Password(name));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).WaitForAsync();
        page.Url.Should().Be(new Uri(Local.Http, path).ToString());
        return page;
    }
}

/// <summary>The classes that share the network.</summary>
[CollectionDefinition(nameof(OpsNetwork))]
public sealed class OpsNetworkTests : ICollectionFixture<OpsNetwork>;
