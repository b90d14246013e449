using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Ledger;
using Lakala.Storage.Merchants;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;

namespace Lakala.Silo.Merchants;

/// <summary>The merchant API: JSON over HTTP under <c>/v1</c>, its OpenAPI document, and a reference page under <c>/docs</c>.</summary>
internal static class MerchantApi
{
    public static WebApplicationBuilder AddMerchantApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<MerchantBills>();
        services.AddSingleton<MerchantRefunds>();
        services.AddSingleton<BalanceRows>();
        services.AddSingleton<ApiKeyRows>();
        services.AddOptions<MerchantApiOptions>().BindConfiguration("MerchantApi").ValidateOnStart();
        services.AddSingleton<IValidateOptions<MerchantApiOptions>, MerchantApiOptions.Validator>();
        services.AddOptions<TradeOptions>().BindConfiguration("Trades").ValidateOnStart();
        services.AddSingleton<IValidateOptions<TradeOptions>, TradeOptions.Validator>();
        services.AddSingleton(static provider => new ClaimTimes(provider.GetRequiredService<IOptions<TradeOptions>>().Value.LongestClaimTime));
        services.AddSingleton<MerchantQuotas>();
        services.AddSingleton<StoreSearches>();
        services.AddSingleton(static provider => provider.GetRequiredService<IOptions<MerchantApiOptions>>().Value.ToShopperQuotas());
        services.Configure<AuthenticationOptions>(static options => options.DefaultChallengeScheme = ApiKeyAuthentication.SchemeName);
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        services.AddOpenApi("v1", MerchantApiDocument.Describe);
        return builder;
    }

    public static WebApplication MapMerchantApi(this WebApplication app)
    {
        var api = app.MapGroup("/v1").RequireAuthorization(new AuthorizationPolicyBuilder(ApiKeyAuthentication.SchemeName).RequireAuthenticatedUser().Build())
            .AddEndpointFilter(RefusedArguments.Answer)
            .AddEndpointFilter(StrayBody.Refuse)
            .WithMetadata(new Counted())
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status500InternalServerError)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapBills();
        api.MapTrades();
        api.MapBalance();
        api.MapRefunds();
        api.MapClaims();
        api.MapWebhooks();
        api.MapApiKeys();
        api.MapInvitations();

        app.MapStores();
        app.MapOpenApi("/openapi/{documentName:regex(^v1$)}.json").AllowAnonymous();
        app.MapScalarApiReference("/docs", static options => options
            .WithTitle("Lakala merchant API")
            .WithOpenApiRoutePattern("/openapi/{documentName}.json")
            .DisableDefaultFonts()
            .DisableTelemetry()
            .DisableAgent()
            .DisableMcp()
            .HideDeveloperTools()).AllowAnonymous();
        return app;
    }
}
