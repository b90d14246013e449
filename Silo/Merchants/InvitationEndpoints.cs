using System.ComponentModel;
using System.Security.Claims;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/invitations</c>: the first person who can sign in at the merchant's pages.</summary>
internal static class InvitationEndpoints
{
    /// <summary>The pages of the merchant's people, and the one below them at which an invitation is used.</summary>
    public const string Pages = "/merchant", JoinPage = "/join";

    public static void MapInvitations(this IEndpointRouteBuilder api) =>
        api.MapPost("/invitations", Invite).WithName("inviteFirstPerson").WithTags("People")
            .WithSummary("Lets your first person in at your pages, once")
            .WithDescription(
                "Your first person sets a name and a password with the link, and invites the others at the page People. A further request replaces the link. "
                + "It is refused when you have, or had, people, or while an invitation of the operator can be used.")
            .Produces<InvitationModel>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<IResult> Invite(ClaimsPrincipal user, MerchantUserRows users, IOptions<HttpOptions> http) =>
        await users.InviteFirst(user.Merchant().Id, user.KeyId()) is { } invitation
            ? TypedResults.Json(InvitationModel.Of(invitation, http.Value), statusCode: StatusCodes.Status201Created)
            : Problems.FirstInvited();
}

internal sealed record InvitationModel(
    [property: Description("Lets one person set a name and a password, once. It cannot be shown again.")] string Link,
    [property: Description("The time until which the link can be used.")] DateTimeOffset ExpiresAt)
{
    public static InvitationModel Of(Invitation invitation, HttpOptions http) => new(
        $"{http.PublicUrl.TrimEnd('/')}{InvitationEndpoints.Pages}{InvitationEndpoints.JoinPage}?code={invitation.Code}", invitation.ExpiresAt);

    public override string ToString() => "invitation ***";
}
