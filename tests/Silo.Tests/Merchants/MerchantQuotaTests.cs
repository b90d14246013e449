using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using Lakala.Grains;
using Lakala.Silo.Merchants;
using Lakala.Silo.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Merchants;

/// <summary>The limits of one merchant at a silo, which do not affect others.</summary>
public sealed class MerchantQuotaTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void A_burst_of_a_thousand_bills_passes_as_the_settings_are()
    {
        var quotas = Quotas(new MerchantApiOptions());

        Enumerable.Range(0, 1_000).Select(_ => quotas.Take("shop", Quota.Bills)).Should().AllSatisfy(wait => wait.Should().BeNull());
    }

    [Theory]
    [InlineData("Bills", 60)]
    [InlineData("Writes", 60)]
    [InlineData("Reads", 60)]
    [InlineData("Tests", 3600)]
    public void One_more_than_the_quota_waits_for_its_part_of_the_time_and_another_merchant_does_not(string name, int seconds)
    {
        var quota = Enum.Parse<Quota>(name);
        var quotas = Quotas(Few);
        quotas.Take("shop", quota).Should().BeNull();
        quotas.Take("shop", quota).Should().BeNull();

        var wait = quotas.Take("shop", quota);

        wait.Should().BeCloseTo(TimeSpan.FromSeconds(seconds / 2.0), TimeSpan.FromMilliseconds(1));
        quotas.Take("other", quota).Should().BeNull();
        Enum.GetValues<Quota>().Where(other => other != quota).Should().AllSatisfy(other => quotas.Take("shop", other).Should().BeNull("each is counted apart"));

        _time.Advance(wait!.Value);
        quotas.Take("shop", quota).Should().BeNull("that is what was promised");
        quotas.Take("shop", quota).Should().NotBeNull();
    }

    [Fact]
    public void Merchants_who_have_their_whole_quota_again_are_forgotten_and_the_others_are_not()
    {
        var buckets = new TokenBuckets(2, TimeSpan.FromMinutes(1), _time);
        for (var merchant = 0; merchant < 1_024; merchant++)
        {
            buckets.Take($"early-{merchant}");
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        buckets.Take("early-0");
        buckets.Take("early-0");
        for (var merchant = 0; merchant < 1_023; merchant++)
        {
            buckets.Take($"late-{merchant}");
        }

        buckets.Count.Should().Be(1_024);
        buckets.Take("early-0").Should().NotBeNull("it had used up what it has");
    }

    [Theory]
    [InlineData("POST", "/bills")]
    [InlineData("POST", "/other")]
    [InlineData("GET", "/bills")]
    public async Task The_answer_to_one_too_many_says_so_and_after_how_many_seconds(string method, string path)
    {
        await using var api = await Api();
        using var http = new HttpClient { BaseAddress = new Uri(api.Urls.Single()) };
        (await Ask("shop")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await Ask("shop")).StatusCode.Should().Be(HttpStatusCode.OK);

        using var refused = await Ask("shop");

        refused.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(30));
        (await refused.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("type").GetString().Should().Be("urn:lakala:problem:too-many-requests");
        (await Ask("other")).StatusCode.Should().Be(HttpStatusCode.OK);

        Task<HttpResponseMessage> Ask(string merchant) =>
            http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "Merchant", merchant } } }, Stop);
    }

    [Fact]
    public async Task What_is_not_for_merchants_is_not_counted()
    {
        await using var api = await Api();
        using var http = new HttpClient { BaseAddress = new Uri(api.Urls.Single()) };

        for (var time = 0; time < 10; time++)
        {
            (await http.GetAsync(new Uri("/open", UriKind.Relative), Stop)).StatusCode.Should().Be(HttpStatusCode.OK);
        }
    }

    [Theory]
    [InlineData("BillsPerMinute")]
    [InlineData("TestsPerHour")]
    public void A_setting_that_lets_nobody_in_is_refused_by_its_name(string setting)
    {
        var options = new MerchantApiOptions();
        typeof(MerchantApiOptions).GetProperty(setting)!.SetValue(options, 0);

        new MerchantApiOptions.Validator().Validate(null, options).FailureMessage.Should().Contain(setting);
        new MerchantApiOptions.Validator().Validate(null, new MerchantApiOptions()).Succeeded.Should().BeTrue();
    }

    private static MerchantApiOptions Few => new() { BillsPerMinute = 2, WritesPerMinute = 2, ReadsPerMinute = 2, TestsPerHour = 2 };

    private MerchantQuotas Quotas(MerchantApiOptions options) => new(Options.Create(options), _time);

    private async Task<WebApplication> Api()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(Quotas(Few));
        builder.Services.AddProblemDetails(static options => options.CustomizeProblemDetails = Problems.Complete);
        var app = builder.Build();
        app.UseRouting();
        app.Use(static (context, next) =>
        {
            if (context.Request.Headers["Merchant"] is [{ } merchant])
            {
                context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, merchant)], "test"));
            }

            return next(context);
        });
        app.UseEntryChecks();
        app.MapGet("/open", static () => "open");
        var counted = app.MapGroup("").WithMetadata(new Counted());
        counted.MapPost("/bills", static () => "made").WithMetadata(new Counted(Quota.Bills));
        counted.MapPost("/other", static () => "done");
        counted.MapGet("/bills", static () => "shown");
        await app.StartAsync(Stop);
        return app;
    }
}
