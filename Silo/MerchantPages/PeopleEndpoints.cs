using System.Globalization;
using Lakala.Grains.Terminals;
using Lakala.Silo.Merchants;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Merchants;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.MerchantPages;

/// <summary>Signing in and out, and the people of a merchant.</summary>
internal static class PeopleEndpoints
{
    private const string SignInPath = "/sign-in", JoinPath = InvitationEndpoints.JoinPage, PeoplePath = "/people";

    public static void MapPeople(this RouteGroupBuilder pages)
    {
        pages.MapGet(SignInPath, (Delegate)ShowSignIn).AllowAnonymous();
        pages.MapPost(SignInPath, SignIn).TakesForm().AllowAnonymous();
        pages.MapGet(JoinPath, ShowJoin).AllowAnonymous();
        pages.MapPost(JoinPath, Join).TakesForm().AllowAnonymous();
        pages.MapPost("/sign-out", SignOut).TakesForm().ForPeople();
        pages.MapGet(PeoplePath, ShowPeople).ForPeople();
        pages.MapPost(PeoplePath, Invite).TakesForm().ForPeople();
        pages.MapPost(PeoplePath + "/{name}/block", Block).TakesForm().ForPeople();
    }

    private static Task<IResult> ShowSignIn(HttpContext context) =>
        MerchantRoom.Show<SignInPage>(context, new() { [nameof(SignInPage.To)] = context.Request.Query["to"].ToString() });

    private static async Task<IResult> SignIn(
        HttpContext context,
        MerchantUserRows users,
        [FromKeyedServices(MerchantAccess.Session)] SignInLimits limits,
        [FromKeyedServices(MerchantAccess.Session)] SessionCookie cookie)
    {
        var (form, texts) = (PageGuard.FormOf(context), MerchantRoom.TextsOf(context));
        var (merchant, name, password, to) = (form["merchant"].ToString().Trim(), form["name"].ToString().Trim(), form["password"].ToString(), form["to"].ToString());
        var (counted, source) = ($"{merchant} {name}", SignInLimits.SourceOf(context));
        if (!limits.Enter(counted, source))
        {
            context.Response.Headers.RetryAfter = SignInThrottle.Window.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return await Again(texts.TooManyTries, StatusCodes.Status429TooManyRequests);
        }

        string? token;
        try
        {
            token = await users.SignIn(merchant, name, password, context.RequestAborted);
        }
        catch (SignInsBusyException)
        {
            limits.NotTried(counted);
            return await Again(texts.Busy, StatusCodes.Status503ServiceUnavailable);
        }

        if (token is null)
        {
            return await Again(texts.WrongPassword, StatusCodes.Status403Forbidden);
        }

        limits.Succeeded(counted, source);
        cookie.Write(context.Response, token);
        return PageGuard.SeeOther(PageGuard.IsUnder(MerchantRoom.Root, to) ? to : MerchantRoom.Root);

        Task<IResult> Again(string why, int status) => MerchantRoom.Show<SignInPage>(
            context,
            new() { [nameof(SignInPage.To)] = to, [nameof(SignInPage.Merchant)] = merchant, [nameof(SignInPage.Name)] = name },
            status,
            refusal: why);
    }

    private static async Task<IResult> SignOut(
        HttpContext context, MerchantUserRows users, [FromKeyedServices(MerchantAccess.Session)] SessionCookie cookie)
    {
        if (cookie.Read(context.Request) is { } token)
        {
            await users.SignOut(token, context.RequestAborted);
        }

        cookie.Delete(context.Response);
        return PageGuard.SeeOther(MerchantRoom.Root + SignInPath);
    }

    private static async Task<IResult> ShowJoin(HttpContext context, MerchantUserRows users) =>
        await TellJoin(context, users, context.Request.Query["code"].ToString(), null, null, StatusCodes.Status200OK);

    private static async Task<IResult> Join(
        HttpContext context, MerchantUserRows users, [FromKeyedServices(MerchantAccess.Session)] SignInLimits limits)
    {
        var (form, texts) = (PageGuard.FormOf(context), MerchantRoom.TextsOf(context));
        var (code, name, password) = (form["code"].ToString(), form["name"].ToString().Trim(), form["password"].ToString());
        if (!MerchantUser.IsName(name))
        {
            return await TellJoin(context, users, code, name, texts.BadName, StatusCodes.Status400BadRequest);
        }

        if (!MerchantUser.IsPassword(password, name))
        {
            return await TellJoin(context, users, code, name, texts.BadPassword, StatusCodes.Status400BadRequest);
        }

        // A password is costly to store: so many from one address, as at the sign-in.
        var source = SignInLimits.SourceOf(context);
        if (!limits.Enter(code, source))
        {
            return await TellJoin(context, users, code, name, texts.TooManyTries, StatusCodes.Status429TooManyRequests);
        }

        var merchant = await users.FindInvitation(code, context.RequestAborted);
        var outcome = await users.Join(code, name, password, context.RequestAborted);
        if (outcome != JoinOutcome.Joined)
        {
            return await TellJoin(context, users, code, name, texts.JoinOutcomes(outcome), StatusCodes.Status409Conflict);
        }

        limits.Succeeded(code, source);
        return await MerchantRoom.Show<SignInPage>(
            context, new() { [nameof(SignInPage.Merchant)] = merchant?.Id, [nameof(SignInPage.Name)] = name }, done: texts.JoinOutcomes(outcome));
    }

    private static async Task<IResult> TellJoin(HttpContext context, MerchantUserRows users, string code, string? name, string? refusal, int status)
    {
        var merchant = await users.FindInvitation(code, context.RequestAborted);
        return await MerchantRoom.Show<JoinPage>(
            context,
            new() { [nameof(JoinPage.Merchant)] = merchant, [nameof(JoinPage.Code)] = code, [nameof(JoinPage.Name)] = name },
            merchant is null && status == StatusCodes.Status200OK ? StatusCodes.Status404NotFound : status,
            refusal: refusal ?? (merchant is null ? MerchantRoom.TextsOf(context).JoinOutcomes(JoinOutcome.NoInvitation) : null));
    }

    private static Task<IResult> ShowPeople(HttpContext context, MerchantUserRows users) => TellPeople(context, users, null, null, StatusCodes.Status200OK);

    private static async Task<IResult> Invite(HttpContext context, MerchantUserRows users, IOptions<HttpOptions> http)
    {
        var person = context.User.Person()!;
        return await users.Invite(person.Merchant.Id, WhoOf(person), context.RequestAborted) is { } invitation
            ? await TellPeople(context, users, InvitationModel.Of(invitation, http.Value).Link, null, StatusCodes.Status200OK)
            : await TellPeople(context, users, null, MerchantRoom.TextsOf(context).InviteFull, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> Block(string name, HttpContext context, MerchantUserRows users)
    {
        var person = context.User.Person()!;
        if (name == person.Name)
        {
            return await TellPeople(context, users, null, MerchantRoom.TextsOf(context).NotYourself, StatusCodes.Status409Conflict);
        }

        return await users.Block(person.Merchant.Id, name, WhoOf(person), context.RequestAborted)
            ? PageGuard.SeeOther(MerchantRoom.Root + PeoplePath)
            : await MerchantRoom.NotFound(context);
    }

    private static async Task<IResult> TellPeople(HttpContext context, MerchantUserRows users, string? link, string? refusal, int status) => await MerchantRoom.Show<PeoplePage>(
        context,
        new() { [nameof(PeoplePage.People)] = await users.List(context.User.Merchant().Id, context.RequestAborted), [nameof(PeoplePage.Link)] = link },
        status,
        refusal: refusal);

    // As the audit log names people of merchants.
    private static string WhoOf(MerchantUser person) => $"merchant:{person.Merchant.Id} {person.Name}";
}
