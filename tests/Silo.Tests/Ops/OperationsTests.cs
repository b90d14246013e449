using Lakala.Grains.Notices;
using Lakala.Silo.Ops;
using Lakala.Silo.Ops.Operators;
using Lakala.Storage.Claims;
using Lakala.Storage.Merchants;
using Lakala.Storage.Notices;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lakala.Silo.Tests.Ops;

/// <summary>The operators' room as the host has it, without a network.</summary>
public sealed class OperationsTests
{
    [Fact]
    public void The_table_of_pages_is_whole()
    {
        var mapped = Endpoints().Where(route => PathOf(route).StartsWith(OpsPages.Root, StringComparison.Ordinal) && route.Metadata.GetMetadata<IAllowAnonymous>() is null)
            .Select(route => (MethodOf(route), PathOf(route)[OpsPages.Root.Length..].TrimEnd('/'), LeastOf(route)));

        mapped.Should().BeEquivalentTo(OpsPageTable.Pages);
    }

    [Fact]
    public void Everybody_reaches_the_sign_in_and_the_files_of_the_pages_only()
    {
        var open = Endpoints().Where(route => route.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(route => $"{MethodOf(route)} {PathOf(route)}");

        open.Should().BeEquivalentTo("GET /ops/sign-in", "POST /ops/sign-in", "GET /ops/assets/ops.css", "GET /ops/assets/ops.js", "GET /ops/assets/icon.svg");
    }

    [Fact]
    public async Task A_refusal_has_the_status_that_page_and_API_answer_with()
    {
        var changes = new OperatorChanges(null!);

        var noRole = await changes.Put("ann", "boss", "test", TestContext.Current.CancellationToken);
        var noName = await changes.AddKey("A", "watch", "test", TestContext.Current.CancellationToken);

        (noRole.Refused!.Problem.StatusCode, noRole.Refused.Reasons[0]).Should().Be((400, "role is watch, act or administer."));
        noName.Refused!.Problem.StatusCode.Should().Be(400);
        Refused.NotFound("store", "X").Problem.StatusCode.Should().Be(404);
        Refused.Conflict("There is one already.").Problem.StatusCode.Should().Be(409);
        Refused.NotAllowed("Ask an administrator.").Problem.StatusCode.Should().Be(403);
        ((Func<object>)(() => noRole.Value)).Should().Throw<InvalidOperationException>("nothing was done");
    }

    private static List<RouteEndpoint> Endpoints()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.AddOperations();
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton<ApiKeyRows>().AddSingleton<MerchantUserRows>().AddSingleton<NoticeSignal>().AddSingleton<DeliveryRows>().AddSingleton<ReversalRows>().AddSingleton<IRrnSource, RrnBlocks>()
            .AddSingleton<ClaimRows>().AddSingleton<EvidenceRows>().AddSingleton<RefundRows>().AddSingleton<Commits>();
        var app = builder.Build();
        app.MapOperations();
        return [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()];
    }

    private static string PathOf(RouteEndpoint route) => "/" + route.RoutePattern.RawText!.TrimStart('/');

    private static string MethodOf(RouteEndpoint route) => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single();

    private static string LeastOf(RouteEndpoint route) =>
        route.Metadata.GetMetadata<AuthorizationPolicy>()!.Requirements.OfType<RoleRequirement>().Single().Least.ToString().ToLowerInvariant();
}
