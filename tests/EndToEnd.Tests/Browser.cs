using System.Collections.Concurrent;
using System.Reflection;
using Lakala.Local;
using Lakala.Testing;
using Microsoft.Playwright;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(Lakala.EndToEnd.Tests.Browser))]
[assembly: Lakala.EndToEnd.Tests.ClosePages]

namespace Lakala.EndToEnd.Tests;

/// <summary>A real browser, started by the first test that needs it.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];

    private readonly SemaphoreSlim _starting = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <param name="javaScript">Whether the shopper's browser runs scripts.</param>
    /// <param name="locale">The language of the shopper's browser.</param>
    /// <param name="position">The shopper's position, which pages may read.</param>
    public async Task<IPage> Open(
        int width = 390, int height = 844, bool javaScript = true, string locale = "en-US", Geolocation? position = null)
    {
        await _starting.WaitAsync();
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            _browser ??= await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium-headless-shell", Args = Arguments });
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
        context.SetDefaultTimeout((float)HangGuard.Bound.TotalMilliseconds);
        ClosePagesAttribute.AfterThisTest(context);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await ClosePagesAttribute.Closed;
        await (_browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        _playwright?.Dispose();
        _starting.Dispose();
    }

    /// <summary>The codes that zbar finds in a picture, such as <c>CODE-128:123</c>, one a line.</summary>
    public static async Task<string> Scan(byte[] picture)
    {
        var file = Path.Combine(Path.GetTempPath(), $"lakala-{Guid.NewGuid():N}.png");
        try
        {
            await File.WriteAllBytesAsync(file, picture, TestContext.Current.CancellationToken);
            return (await Tool.RunOrFail(["/usr/bin/zbarimg", "-q", file], cancel: TestContext.Current.CancellationToken)).Trim();
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

/// <summary>Closes the pages that a test has opened: an open page goes on counting down, listening and drawing.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class ClosePagesAttribute : BeforeAfterTestAttribute
{
    private static readonly ConcurrentDictionary<string, ConcurrentBag<IBrowserContext>> Opened = new();
    private static readonly ConcurrentBag<Task> Closing = [];

    /// <summary>Waits until all pages are closed.</summary>
    public static Task Closed => Task.WhenAll(Closing);

    public static void AfterThisTest(IBrowserContext context) => Opened.GetOrAdd(TestContext.Current.Test!.UniqueID, _ => []).Add(context);

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (Opened.TryRemove(test.UniqueID, out var contexts))
        {
            foreach (var context in contexts)
            {
                Closing.Add(context.CloseAsync());
            }
        }
    }
}
