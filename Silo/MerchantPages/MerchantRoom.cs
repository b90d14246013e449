using Lakala.Silo.Merchants;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.MerchantPages;

/// <summary><c>/merchant</c>: where the people of a merchant ship, refund and look at its money.</summary>
internal static class MerchantRoom
{
    public const string Root = InvitationEndpoints.Pages;

    public const int ListLength = 20;

    // Names, a parcel, a reason in UTF-8.
    private const int MostOfAForm = 16 * 1024;

    private const string LanguageCookie = "lakala-merchant-language";

    public static readonly Asset Style = new(typeof(MerchantRoom), "merchant.css", "text/css; charset=utf-8");

    public static WebApplicationBuilder AddMerchantPages(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<MerchantUserRows>();
        services.AddSingleton<Parcels>();
        services.AddSingleton<ClaimEndpoints.Claims>();
        services.AddKeyedSingleton(MerchantAccess.Session, static (provider, _) => new SignInLimits(provider.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton(
            MerchantAccess.Session, static (provider, _) => new SessionCookie(provider.GetRequiredService<IOptions<HttpOptions>>(), "lakala-merchant"));
        services.AddSingleton(new RefusalPage(Root, static (context, status, _, reasons) => Refuse(context, status, string.Join(' ', reasons))));
        new AuthenticationBuilder(services).AddScheme<AuthenticationSchemeOptions, MerchantAuthentication>(MerchantAccess.Session, null);
        return builder;
    }

    public static WebApplication MapMerchantPages(this WebApplication app)
    {
        var pages = app.MapGroup(Root).ExcludeFromDescription().AddEndpointFilter(
            static (invocation, next) => PageGuard.Protect(invocation, next, Refuse));
        foreach (var asset in new[] { Style, Asset.Icon })
        {
            pages.MapGet($"/assets/{asset.Name}", (HttpContext context) => asset.Serve(context)).AllowAnonymous();
        }

        pages.MapPeople();
        pages.MapOrders();
        pages.MapShipping();
        pages.MapClaims();
        pages.MapMoney();
        return app;
    }

    /// <summary>A form is read before its handler runs.</summary>
    public static RouteHandlerBuilder TakesForm(this RouteHandlerBuilder route, int most = MostOfAForm) =>
        route.AddEndpointFilter(PageGuard.ReadForm).WithMetadata(new RequestSizeLimitAttribute(most));

    public static Task<IResult> Show<T>(
        HttpContext context, Dictionary<string, object?> parameters, int status = StatusCodes.Status200OK, string? done = null, string? refusal = null)
        where T : IComponent
    {
        var texts = TextsOf(context);
        parameters["Page"] = new PageContext(texts, context.User.Person(), PageLanguage.AddressIn(context.Request, texts.Other.Language), done, refusal);
        return context.RequestServices.GetRequiredService<PageRenderer>().Page<T>(status, parameters);
    }

    public static Task<IResult> NotFound(HttpContext context) => Show<MessagePage>(
        context,
        new() { [nameof(MessagePage.Title)] = TextsOf(context).NotFound, [nameof(MessagePage.Hint)] = TextsOf(context).NotFoundHint },
        StatusCodes.Status404NotFound);

    /// <summary>What was clicked last, or what the browser prefers.</summary>
    public static MerchantTexts TextsOf(HttpContext context) => MerchantTexts.In(PageLanguage.Choose(context, LanguageCookie, Root));

    /// <param name="wrong">What is wrong with the request; null: the database is away.</param>
    private static Task<IResult> Refuse(HttpContext context, int status, string? wrong)
    {
        PageHeaders.Put(context.Response, formAction: "'self'", referrer: "same-origin");
        var texts = TextsOf(context);
        return Show<MessagePage>(
            context,
            new() { [nameof(MessagePage.Title)] = wrong is null ? texts.Away : texts.NotValid, [nameof(MessagePage.Hint)] = wrong ?? texts.AwayHint },
            status);
    }
}
