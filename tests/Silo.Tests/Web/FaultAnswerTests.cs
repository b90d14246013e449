using System.Collections.Concurrent;
using Lakala.Silo.Web;
using Lakala.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lakala.Silo.Tests.Web;

/// <summary>The answer and the log of a failed request: the route, when to repeat, and no secrets.</summary>
public sealed class FaultAnswerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/b/secret/fault", 500, null, "Error GET /b/{token}/fault failed.")]
    [InlineData("/b/secret/away", 503, 5, "Warning GET /b/{token}/away: try later.")]
    [InlineData("/b/secret/status/503", 503, 5, null)]
    [InlineData("/b/secret/status/429", 429, 5, null)]
    [InlineData("/b/secret/status/500", 500, null, null)]
    [InlineData("/b/secret/waits", 503, 30, null)]
    public async Task An_answer_that_means_not_now_says_when_and_the_log_says_the_route_without_the_address(string path, int status, int? seconds, string? logged)
    {
        var log = new Lines();
        await using var app = await Start(log);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Stop);

        ((int)answer.StatusCode, answer.Headers.RetryAfter?.Delta?.TotalSeconds).Should().Be((status, seconds));
        log.Should().Equal(logged is null ? [] : [logged]);
        (await answer.Content.ReadAsStringAsync(Stop)).Should().NotContain("secret");
    }

    private static async Task<WebApplication> Start(Lines log)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<ILogger<ProblemsOfFaults>>(log);
        builder.Services.AddProblemDetails(static options => options.CustomizeProblemDetails = Problems.Complete);
        builder.Services.AddExceptionHandler<ProblemsOfFaults>();
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseRequestGuard();
        app.UseRouting();
        app.MapGet("/b/{token}/fault", string (string token) => throw new InvalidOperationException(token));
        app.MapGet("/b/{token}/away", string (string token) => throw new DatabaseAwayException(token, new TimeoutException()));
        app.MapGet("/b/{token}/status/{status:int}", static (string token, int status) => Results.StatusCode(status));
        app.MapGet("/b/{token}/waits", static (string token, HttpResponse response) =>
        {
            response.Headers.RetryAfter = "30";
            return Problems.TooManyListeners();
        });
        await app.StartAsync(Stop);
        return app;
    }

    /// <summary>The messages, without the exceptions.</summary>
    private sealed class Lines : ConcurrentQueue<string>, ILogger<ProblemsOfFaults>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Enqueue($"{logLevel} {formatter(state, exception)}");
    }
}
