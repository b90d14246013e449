using System.ComponentModel;
using System.Security.Claims;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;

namespace Lakala.Silo.Ops.Operators;

/// <summary>Operators and the admin keys of their programs.</summary>
internal sealed class OperatorsSlice : IOpsSlice
{
    private const string Back = OpsPages.Root + "/operators", Tag = "Operators";

    public void AddServices(IServiceCollection services) => services.AddSingleton<OperatorChanges>();

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/operators", OperatorRole.Administer, Show);
        pages.Post("/operators", OperatorRole.Administer, Put);
        pages.Post("/operators/{name}/block", OperatorRole.Administer, Block);
        pages.Post("/keys", OperatorRole.Administer, AddKey);
        pages.Post("/keys/{name}/revoke", OperatorRole.Administer, RevokeKey);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet("/operators", async (OperatorRows operators, CancellationToken stop) => TypedResults.Ok(new ListModel<OperatorModel>(
            [.. (await operators.List(stop)).Select(person => new OperatorModel(person.Name, Operator.Text(person.Role), person.Blocked))], null)))
            .WithTags(Tag).Administer("listOperators", "Lists operators");

        api.MapPut("/operators/{name}", async (string name, Body<PutOperatorBody> body, ClaimsPrincipal user, OperatorChanges changes, CancellationToken stop) =>
            (await changes.Put(name, body.Value.Role, user.AsOperator().Name, stop)).ToAnswer(SecretModel.Answer))
            .WithTags(Tag).Administer("putOperator", "Adds an operator, or replaces its role and password").Produces<SecretModel>(StatusCodes.Status201Created).Changes();

        api.MapPost("/operators/{name}/block", async (string name, ClaimsPrincipal user, OperatorChanges changes, CancellationToken stop) =>
            (await changes.Block(name, user.AsOperator().Name, stop)).ToAnswer(static _ => TypedResults.NoContent()))
            .WithTags(Tag).Administer("blockOperator", "Blocks an operator and ends its sessions")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);

        api.MapGet("/keys", async (OperatorRows operators, CancellationToken stop) => TypedResults.Ok(new ListModel<AdminKeyModel>(
            [.. (await operators.ListKeys(stop)).Select(key => new AdminKeyModel(key.Name, key.Prefix, Operator.Text(key.Role), key.CreatedAt, key.RevokedAt))], null)))
            .WithTags(Tag).Administer("listKeys", "Lists admin keys");

        api.MapPut("/keys/{name}", async (string name, Body<PutOperatorBody> body, ClaimsPrincipal user, OperatorChanges changes, CancellationToken stop) =>
            (await changes.AddKey(name, body.Value.Role, user.AsOperator().Name, stop)).ToAnswer(SecretModel.Answer))
            .WithTags(Tag).Administer("addKey", "Makes an admin key").Produces<SecretModel>(StatusCodes.Status201Created).Changes();

        api.MapPost("/keys/{name}/revoke", async (string name, ClaimsPrincipal user, OperatorChanges changes, CancellationToken stop) =>
            (await changes.RevokeKey(name, user.AsOperator().Name, stop)).ToAnswer(static _ => TypedResults.NoContent()))
            .WithTags(Tag).Administer("revokeKey", "Revokes an admin key").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, OperatorRows operators) => await pages.Show<OperatorsPage>(context, new()
    {
        [nameof(OperatorsPage.Operators)] = await operators.List(context.RequestAborted),
        [nameof(OperatorsPage.Keys)] = await operators.ListKeys(context.RequestAborted),
    });

    private static async Task<IResult> Put(HttpContext context, OpsPages pages, OperatorChanges changes)
    {
        var form = PageGuard.FormOf(context);
        var put = await changes.Put(form["name"].ToString().Trim(), form["role"], context.User.AsOperator().Name, context.RequestAborted);
        return await ShowSecret(
            context, pages, "Operators", put, static secret => $"{secret.Name} has the role {Operator.Text(secret.Role)}. This is the password:");
    }

    private static async Task<IResult> Block(string name, HttpContext context, OpsPages pages, OperatorChanges changes) =>
        await GoBack(context, pages, await changes.Block(name, context.User.AsOperator().Name, context.RequestAborted));

    private static async Task<IResult> AddKey(HttpContext context, OpsPages pages, OperatorChanges changes)
    {
        var form = PageGuard.FormOf(context);
        var added = await changes.AddKey(form["name"].ToString().Trim(), form["role"], context.User.AsOperator().Name, context.RequestAborted);
        return await ShowSecret(context, pages, "Admin keys", added, static secret => $"A program with this key has the role {Operator.Text(secret.Role)}:");
    }

    private static async Task<IResult> RevokeKey(string name, HttpContext context, OpsPages pages, OperatorChanges changes) =>
        await GoBack(context, pages, await changes.RevokeKey(name, context.User.AsOperator().Name, context.RequestAborted));

    private static async Task<IResult> ShowSecret(
        HttpContext context, OpsPages pages, string title, Result<OperatorSecret> result, Func<OperatorSecret, string> sentence) =>
        result.Refused is { } refused
            ? await pages.Refuse(context, title, refused, Back)
            : await pages.ShowOutcome(context, title, sentence(result.Value), result.Value.Secret, Back);

    private static async Task<IResult> GoBack(HttpContext context, OpsPages pages, Result<string> result) =>
        result.Refused is { } refused ? await pages.Refuse(context, "Not found", refused, OpsPages.Root) : PageGuard.SeeOther(Back);
}

internal sealed record PutOperatorBody([property: Description("watch, act or administer.")] string Role);

[Description("What proves who it is. It cannot be shown a second time.")]
internal sealed record SecretModel(string Name, string Role, string Secret)
{
    public static IResult Answer(OperatorSecret made) => AdminApi.Created(new SecretModel(made.Name, Operator.Text(made.Role), made.Secret));

    public override string ToString() => $"secret of {Name}";
}

internal sealed record OperatorModel(string Name, string Role, bool Blocked);

internal sealed record AdminKeyModel(string Name, string Prefix, string Role, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);
