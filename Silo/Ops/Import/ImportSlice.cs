using System.Security.Claims;
using Lakala.Silo.Ops.Terminals;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Mvc;

namespace Lakala.Silo.Ops.Import;

/// <summary>Stores or terminals from a file.</summary>
internal sealed class ImportSlice : IOpsSlice
{
    private const string Back = OpsPages.Root + "/import", Title = "Import";

    public void AddServices(IServiceCollection services) => services.AddSingleton<Importer>();

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/import", OperatorRole.Administer, (HttpContext context, OpsPages page) => page.Show<ImportPage>(context, []));
        pages.Post("/import", OperatorRole.Administer, Import);
    }

    public void MapApi(RouteGroupBuilder api) => api.MapPost("/import", async (HttpRequest request, ClaimsPrincipal user, Importer importer, CancellationToken stop) =>
        (await importer.Import(request.Body, user.AsOperator().Name, stop))
            .ToAnswer(static imported => AdminApi.Created(new ImportedModel(imported.Stores, [.. imported.Terminals.Select(TerminalKeyModel.Of)]))))
        .WithTags("Fleet").Administer("import", "Imports stores or terminals from a CSV file in UTF-8: all lines or none")
        .Accepts<string>("text/csv").Produces<ImportedModel>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status400BadRequest)
        .WithMetadata(new RequestSizeLimitAttribute(PageRoutes.MostFileBytes));

    private static async Task<IResult> Import(HttpContext context, OpsPages pages, Importer importer)
    {
        if (PageGuard.FormOf(context).Files.GetFile("file") is not { Length: <= PageRoutes.MostFileBytes } file)
        {
            var reason = $"Choose a file of at most {PageRoutes.MostFileBytes / (1024 * 1024)} MiB.";
            return await pages.Refuse(context, Title, Refused.Invalid("file", reason), Back);
        }

        await using var content = file.OpenReadStream();
        var imported = await importer.Import(content, context.User.AsOperator().Name, context.RequestAborted);
        return imported switch
        {
            { Refused: { } refused } => await pages.Refuse(context, Title, refused, Back),
            { Value.Terminals: { Count: > 0 } terminals } => await pages.ShowOutcome(
                context,
                Title,
                $"{terminals.Count} terminals are added. These are their master keys, for their secure chips:",
                "id,store,master_key\n" + string.Join('\n', terminals.Select(one => $"{one.Id},{one.Store},{one.MasterKey}")),
                $"{OpsPages.Root}/terminals"),
            _ => await pages.ShowOutcome(context, Title, $"{imported.Value.Stores} stores are added or changed.", null, OpsPages.Root),
        };
    }
}

internal sealed record ImportedModel(int Stores, IReadOnlyList<TerminalKeyModel> Terminals);
