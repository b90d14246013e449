using Lakala.Silo.Web;
using Lakala.Storage.Fleet;
using Microsoft.AspNetCore.Components;

namespace Lakala.Silo.Ops;

/// <summary>Shows the pages under <c>/ops</c>: each in the frame, with what every page knows.</summary>
internal sealed class OpsPages(AlarmRows alarms, PageRenderer renderer, TimeProvider time)
{
    public const string Root = "/ops";

    public const int ListLength = 50;

    private const string LanguageCookie = "lakala-ops-language";

    public static readonly Asset Style = new(typeof(OpsPages), "ops.css", "text/css; charset=utf-8");
    public static readonly Asset Script = new(typeof(OpsPages), "ops.js", "text/javascript; charset=utf-8");

    public async Task<IResult> Show<T>(HttpContext context, Dictionary<string, object?> parameters, int status = StatusCodes.Status200OK)
        where T : IComponent
    {
        var who = context.User.Identity?.IsAuthenticated is true ? context.User.AsOperator() : null;
        var texts = TextsOf(context);
        parameters["Page"] = new PageContext(
            who,
            time.GetUtcNow(),
            who is null ? 0 : (await alarms.Counts(context.RequestAborted)).Sum(kind => kind.Count),
            PageContext.AddressAgain(context.Request),
            texts,
            PageContext.AddressIn(context.Request, texts.Other.Language));
        return await renderer.Page<T>(status, parameters);
    }

    /// <summary>Of the pages that are in both languages.</summary>
    public static OpsTexts TextsOf(HttpContext context) =>
        OpsTexts.In(PageLanguage.Choose(context, LanguageCookie, Root, isClick: !PageContext.IsByItself(context.Request)));

    /// <param name="texts">Null: the refusal is in English.</param>
    public Task<IResult> Refuse(HttpContext context, string title, Refused refused, string back, OpsTexts? texts = null) => Show<OutcomePage>(
        context,
        new()
        {
            [nameof(OutcomePage.Title)] = title,
            [nameof(OutcomePage.Refusals)] = refused.Reasons,
            [nameof(OutcomePage.Back)] = back,
            [nameof(OutcomePage.Texts)] = texts,
        },
        refused.Problem.StatusCode);

    /// <param name="texts">Null: in English.</param>
    public Task<IResult> NotFound(HttpContext context, string what, string id, OpsTexts? texts = null) => Refuse(
        context,
        (texts ?? OpsTexts.English).NotFound,
        Refused.NotFound(what, id, (texts ?? OpsTexts.English).NoSuch(what, id)),
        Root,
        texts);

    /// <param name="secret">Is shown this once.</param>
    public Task<IResult> ShowOutcome(HttpContext context, string title, string text, string? secret, string back) => Show<OutcomePage>(
        context,
        new()
        {
            [nameof(OutcomePage.Title)] = title,
            [nameof(OutcomePage.Text)] = text,
            [nameof(OutcomePage.Secret)] = secret,
            [nameof(OutcomePage.Back)] = back,
        });

    /// <summary>A page that is shown without knowing who looks at it.</summary>
    public static Task<IResult> Refusal(HttpContext context, int status, string title, IReadOnlyList<string> refusals)
    {
        var services = context.RequestServices;
        PageHeaders.Put(context.Response, formAction: "'self'", referrer: "same-origin");
        return services.GetRequiredService<PageRenderer>().Page<OutcomePage>(status, new()
        {
            ["Page"] = new PageContext(
                null, services.GetRequiredService<TimeProvider>().GetUtcNow(), 0, PageContext.AddressAgain(context.Request), OpsTexts.English, InOther: null),
            [nameof(OutcomePage.Title)] = title,
            [nameof(OutcomePage.Refusals)] = refusals,
            [nameof(OutcomePage.Back)] = Root,
        });
    }
}
