using System.Text.Encodings.Web;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.SignIn;

/// <summary><c>Authorization: Bearer</c> with an admin key says which program is asking under <c>/v1/admin</c>.</summary>
internal sealed class AdminKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, OperatorRows operators)
    : BearerAuthentication(options, logs, encoder)
{
    protected override async Task<AuthenticateResult> Authenticate(string key) =>
        await operators.Authenticate(key, Context.RequestAborted) is { } program
            ? AuthenticateResult.Success(OperatorAccess.Ticket(program, OperatorAccess.AdminKey))
            : AuthenticateResult.Fail("No such admin key.");

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => Problems.NotAllowed().ExecuteAsync(Context);
}
