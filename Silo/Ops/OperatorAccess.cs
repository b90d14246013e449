using System.Security.Claims;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace Lakala.Silo.Ops;

/// <summary>Who asks, and what the role allows.</summary>
internal static class OperatorAccess
{
    /// <summary>The scheme of the pages: a session, in a cookie.</summary>
    public const string Session = "Session";

    /// <summary>The scheme of the API: an admin key.</summary>
    public const string AdminKey = "AdminKey";

    public static AuthenticationTicket Ticket(Operator person, string scheme) => new(
        new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, person.Name), new Claim(ClaimTypes.Role, Operator.Text(person.Role))], scheme)), scheme);

    /// <summary>Whoever asks for an operators' page or at their API.</summary>
    public static Operator AsOperator(this ClaimsPrincipal user) =>
        Operator.Parse(user.FindFirstValue(ClaimTypes.Role)) is { } role
            ? new Operator(user.FindFirstValue(ClaimTypes.Name) ?? "", role)
            : throw new InvalidOperationException("The endpoint asks for no operator.");

    /// <summary>Only those of this role or a higher one pass, by the scheme's way to say who they are.</summary>
    public static TBuilder For<TBuilder>(this TBuilder endpoint, OperatorRole least, string scheme)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(new AuthorizationPolicyBuilder(scheme).AddRequirements(new RoleRequirement(least)).Build());
}

/// <summary>The least role that passes.</summary>
internal sealed class RoleRequirement(OperatorRole least) : AuthorizationHandler<RoleRequirement>, IAuthorizationRequirement
{
    public OperatorRole Least => least;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RoleRequirement requirement)
    {
        if (Operator.Parse(context.User.FindFirstValue(ClaimTypes.Role)) >= requirement.Least)
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}
