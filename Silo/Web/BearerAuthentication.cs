using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Web;

/// <summary><c>Authorization: Bearer</c> with a key authenticates a program.</summary>
internal abstract class BearerAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    private const string Prefix = "Bearer ";

    protected abstract Task<AuthenticateResult> Authenticate(string key);

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() =>
        Request.Headers.Authorization is [{ } header] && header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            ? Authenticate(header[Prefix.Length..].Trim())
            : Task.FromResult(AuthenticateResult.NoResult());

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        await Problems.NotAuthenticated(isKeyWrong: (await HandleAuthenticateOnceSafeAsync()).Failure is not null).ExecuteAsync(Context);
    }
}
