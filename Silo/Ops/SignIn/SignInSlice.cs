using System.Globalization;
using Lakala.Grains.Terminals;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.SignIn;

/// <summary>Operators sign in and out at the pages; programs show an admin key.</summary>
internal sealed class SignInSlice : IOpsSlice
{
    private const string Path = "/sign-in";

    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<OperatorRows>();
        services.AddKeyedSingleton(OperatorAccess.Session, static (provider, _) => new SignInLimits(provider.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton(
            OperatorAccess.Session, static (provider, _) => new SessionCookie(provider.GetRequiredService<IOptions<HttpOptions>>(), "lakala-ops"));
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
        HttpContext context,
        OpsPages pages,
        OperatorRows operators,
        [FromKeyedServices(OperatorAccess.Session)] SignInLimits limits,
        [FromKeyedServices(OperatorAccess.Session)] SessionCookie cookie,
        ILogger<SignInSlice> log)
    {
        var form = PageGuard.FormOf(context);
        var (name, password, to) = (form["name"].ToString().Trim(), form["password"].ToString(), form["to"].ToString());
        var source = SignInLimits.SourceOf(context);
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
        return PageGuard.SeeOther(PageGuard.IsUnder(OpsPages.Root, to) ? to : OpsPages.Root);

        Task<IResult> Refuse(string why, int status) => pages.Show<SignInPage>(
            context, new() { [nameof(SignInPage.To)] = to, [nameof(SignInPage.Name)] = name, [nameof(SignInPage.Why)] = why }, status);
    }

    private static async Task<IResult> SignOut(
        HttpContext context, OperatorRows operators, [FromKeyedServices(OperatorAccess.Session)] SessionCookie cookie)
    {
        if (cookie.Read(context.Request) is { } token)
        {
            await operators.SignOut(token, context.RequestAborted);
        }

        cookie.Delete(context.Response);
        return PageGuard.SeeOther(OpsPages.Root + Path);
    }
}
