using System.Text.Encodings.Web;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.SignIn;

/// <summary>Who is at the pages under <c>/ops</c>.</summary>
internal sealed class SessionAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logs,
    UrlEncoder encoder,
    OperatorRows operators,
    [FromKeyedServices(OperatorAccess.Session)] SessionCookie cookie)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync() =>
        cookie.Read(Request) is { } token && await operators.Find(token, !PageContext.IsByItself(Request), Context.RequestAborted) is { } person
            ? AuthenticateResult.Success(OperatorAccess.Ticket(person, OperatorAccess.Session))
            : AuthenticateResult.NoResult();

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        PageGuard.SendToSignIn(Context, $"{OpsPages.Root}/sign-in");
        return Task.CompletedTask;
    }
}
