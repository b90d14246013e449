using System.Text.Encodings.Web;
using System.Text.Unicode;
using Lakala.Silo.Web;
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
        services.AddSingleton<MerchantRows>();
        services.AddSingleton<ApiKeyRows>();
        services.AddOptions<MerchantApiOptions>().BindConfiguration("MerchantApi").ValidateOnStart();
        services.AddSingleton<IValidateOptions<MerchantApiOptions>, MerchantApiOptions.Validator>();
        services.AddSingleton<MerchantQuotas>();

        // Without AddAuthentication, which would also write unused data protection keys to the home folder. A scheme runs only if a
        // route requires it, so an open route looks no key up.
        services.AddAuthenticationCore(static options => options.DefaultChallengeScheme = ApiKeyAuthentication.SchemeName);

        // Only characters with a meaning in HTML are encoded: Chinese pages and mails are readable, and a third of the size.
        services.AddWebEncoders(static encoders => encoders.TextEncoderSettings = new TextEncoderSettings(UnicodeRanges.All));
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);

        // A route without a policy refuses everybody.
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder()
            .RequireAssertion(static asked => asked.Resource is not HttpContext context || context.GetEndpoint() is not RouteEndpoint).Build());
        services.AddStoreSearches();
        services.AddProblemDetails(static options => options.CustomizeProblemDetails = Problems.Complete);
        services.AddExceptionHandler<ProblemsOfFaults>();
        services.Configure<RouteHandlerOptions>(static options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(static options => StrictJson.Configure(options.SerializerOptions));
        services.AddOpenApi("v1", MerchantApiDocument.Describe);
        return builder;
    }

    public static WebApplication MapMerchantApi(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();

        // Added explicitly, or the host would put them before the exception handler.
        app.UseRequestGuard();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseMerchantQuotas();
        app.UseRateLimiter();

        var api = app.MapGroup("/v1").RequireAuthorization(new AuthorizationPolicyBuilder(ApiKeyAuthentication.SchemeName).RequireAuthenticatedUser().Build())
            .AddEndpointFilter(AnswerRefusedArguments)
            .WithMetadata(new Counted())
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status500InternalServerError)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapBills();
        api.MapWebhooks();
        api.MapApiKeys();

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

    public static async ValueTask<object?> AnswerRefusedArguments(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.Arguments.OfType<IMayBeRefused>().FirstOrDefault(static argument => argument.Refusal is not null)?.Refusal
        ?? await next(context);
}
