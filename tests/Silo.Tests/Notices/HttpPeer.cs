using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lakala.Silo.Tests.Notices;

/// <summary>A foreign server on a free loopback port, which the test controls.</summary>
internal sealed class HttpPeer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private HttpPeer(WebApplication app) => _app = app;

    public int Requests => Volatile.Read(ref _requests);

    public int Port { get; private set; }

    public string Url => $"http://127.0.0.1:{Port}/";

    public static async Task<HttpPeer> Start(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var peer = new HttpPeer(builder.Build());
        peer._app.Run(context =>
        {
            Interlocked.Increment(ref peer._requests);
            return answer(context);
        });
        await peer._app.StartAsync(TestContext.Current.CancellationToken);
        peer.Port = new Uri(peer._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        return peer;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
