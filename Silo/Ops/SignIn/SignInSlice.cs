using System.Globalization;
using Lakala.Grains.Terminals;
using Lakala.Storage;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Authentication;

namespace Lakala.Silo.Ops.SignIn;

/// <summary>Operators sign in and out at the pages; programs show an admin key.</summary>
internal sealed class SignInSlice : IOpsSlice
{
    private const string Path = "/sign-in";

    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<OperatorRows>();
        services.AddSingleton<SignInLimits>();
        services.AddSingleton<SessionCookie>();
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, SessionAuthentication>(OperatorAccess.Session, null)
            .AddScheme<AuthenticationSchemeOptions, AdminKeyAuthentication>(OperatorAccess.AdminKey, null);
    }

    public void MapPages(PageRoutes pages)
    {
        pages.MapSignIn(Path, Show, SignIn);
        pages.Post("/sign-out", OperatorRole.Watch, SignOut);
    }

    private static Task<IResult> Show(HttpContext context, OpsPages pages) =>
        pages.Show<SignInPage>(context, new() { [nameof(SignInPage.To)] = context.Request.Query["to"].ToString() });

    private static async Task<IResult> SignIn(
        HttpContext context, OpsPages pages, OperatorRows operators, SignInLimits limits, SessionCookie cookie, ILogger<SignInSlice> log)
    {
        var form = PageRoutes.FormOf(context);
        var (name, password, to) = (form["name"].ToString().Trim(), form["password"].ToString(), form["to"].ToString());
        var source = SourceOf(context);
        if (!limits.Enter(name, source))
        {
            context.Response.Headers.RetryAfter = SignInThrottle.Window.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return await Refuse("Too many wrong passwords. Try again in five minutes.", StatusCodes.Status429TooManyRequests);
        }

        string? token;
        try
        {
            token = await operators.SignIn(name, password, context.RequestAborted);
        }
        catch (SignInsBusyException)
        {
            limits.NotTried(name);
            return await Refuse("Too many operators sign in at once. Try again in a moment.", StatusCodes.Status503ServiceUnavailable);
        }

        if (token is null)
        {
            log.LogWarning("Somebody could not sign in at {Root}: wrong name or password.", OpsPages.Root);
            return await Refuse("Name and password do not belong together.", StatusCodes.Status403Forbidden);
        }

        limits.Succeeded(name, source);
        cookie.Write(context.Response, token);
        return OpsPages.SeeOther(IsOurs(to) ? to : OpsPages.Root);

        Task<IResult> Refuse(string why, int status) => pages.Show<SignInPage>(
            context, new() { [nameof(SignInPage.To)] = to, [nameof(SignInPage.Name)] = name, [nameof(SignInPage.Why)] = why }, status);
    }

    private static async Task<IResult> SignOut(HttpContext context, OperatorRows operators, SessionCookie cookie)
    {
        if (cookie.Read(context.Request) is { } token)
        {
            await operators.SignOut(token, context.RequestAborted);
        }

        cookie.Delete(context.Response);
        return OpsPages.SeeOther(OpsPages.Root + Path);
    }

    // A sign-in leads to a page of ours, and nowhere else.
    private static bool IsOurs(string address) =>
        address.StartsWith(OpsPages.Root, StringComparison.Ordinal) && !address.Contains("//", StringComparison.Ordinal) && !address.Contains('\\');

    // Behind the front every connection is the front's; whom it speaks for is the last that it has added.
    private static string SourceOf(HttpContext context) =>
        $"{context.Connection.RemoteIpAddress} {context.Request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim()}";
}
