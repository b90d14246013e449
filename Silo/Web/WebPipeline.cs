using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Web;

/// <summary>The one pipeline of all HTTP requests, and the services of all answers. Rooms only map routes and register their own services.</summary>
internal static class WebPipeline
{
    public static WebApplicationBuilder AddWebPipeline(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<HttpOptions>().BindConfiguration("Http").ValidateOnStart();
        services.AddSingleton<IValidateOptions<HttpOptions>, HttpOptions.Validator>();
        services.AddProblemDetails(static options => options.CustomizeProblemDetails = Problems.Complete);
        services.AddExceptionHandler<ProblemsOfFaults>();

        // Without AddAuthentication, which would also write unused data protection keys to the home folder. A scheme runs only if a
        // route requires it, so an open route looks no key up.
        services.AddAuthenticationCore();

        // A route without a policy refuses everybody.
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder()
            .RequireAssertion(static asked => asked.Resource is not HttpContext context || context.GetEndpoint() is not RouteEndpoint).Build());
        services.Configure<RouteHandlerOptions>(static options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(static options => StrictJson.Configure(options.SerializerOptions));

        // Only characters with a meaning in HTML are encoded: Chinese pages and mails are readable, and a third of the size.
        services.AddWebEncoders(static encoders => encoders.TextEncoderSettings = new TextEncoderSettings(UnicodeRanges.All));
        services.AddSingleton<PageRenderer>();
        return builder;
    }

    public static WebApplication UseWebPipeline(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();

        // Added explicitly, or the host would put them before the exception handler.
        app.UseRequestGuard();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseEntryChecks();
        return app;
    }

    /// <exception cref="InvalidOperationException">A route has no policy.</exception>
    public static void RequireStatedAccess(this IEndpointRouteBuilder app)
    {
        if (app.DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>().FirstOrDefault(static route =>
            route.Metadata.GetMetadata<IAllowAnonymous>() is null && route.Metadata.GetMetadata<IAuthorizeData>() is null
            && route.Metadata.GetMetadata<AuthorizationPolicy>() is null) is { } unstated)
        {
            throw new InvalidOperationException($"{unstated.DisplayName} does not say who may.");
        }
    }
}
