using Lakala.Local;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Lakala.EndToEnd.Tests.Browser))]

namespace Lakala.EndToEnd.Tests;

/// <summary>A real browser, started when the first test wants it.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"];

    private readonly SemaphoreSlim _starting = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <param name="javaScript">Whether the shopper's browser runs scripts.</param>
    /// <param name="locale">What the shopper's browser asks for.</param>
    /// <param name="position">Where the shopper is, and lets pages know.</param>
    public async Task<IPage> Open(
        int width = 390, int height = 844, bool javaScript = true, string locale = "en-US", Geolocation? position = null)
    {
        await _starting.WaitAsync();
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            _browser ??= await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = Arguments });
        }
        finally
        {
            _starting.Release();
        }

        var context = await _browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            DeviceScaleFactor = 2,
            JavaScriptEnabled = javaScript,
            Locale = locale,
            Geolocation = position,
            Permissions = position is null ? ["clipboard-read", "clipboard-write"] : ["geolocation", "clipboard-read", "clipboard-write"],
        });
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await (_browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        _playwright?.Dispose();
        _starting.Dispose();
    }

    /// <summary>What zbar reads in a picture, such as <c>CODE-128:123</c>, a line each.</summary>
    public static async Task<string> Scan(byte[] picture)
    {
        var file = Path.Combine(Path.GetTempPath(), $"lakala-{Guid.NewGuid():N}.png");
        try
        {
            await File.WriteAllBytesAsync(file, picture, TestContext.Current.CancellationToken);
            return (await Command.RunOrFail(["/usr/bin/zbarimg", "-q", file], cancel: TestContext.Current.CancellationToken)).Trim();
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Takes a picture of the docs anew, if it is one. Of a desktop a dot for each point is enough.</summary>
    public static async Task Picture(IPage page, string name)
    {
        if (PictureFile(name) is { } file)
        {
            await page.ScreenshotAsync(new() { Path = file, FullPage = true, Scale = page.ViewportSize?.Width > 1000 ? ScreenshotScale.Css : ScreenshotScale.Device });
        }
    }

    /// <returns>The picture of this name in the folder that LAKALA_PICTURES names; null: none is wanted, or it has none of this name.</returns>
    public static string? PictureFile(string name) =>
        Environment.GetEnvironmentVariable("LAKALA_PICTURES") is { Length: > 0 } folder && Path.Combine(folder, name + ".png") is var file && File.Exists(file) ? file : null;
}
