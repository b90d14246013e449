using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;

namespace Lakala.Silo.Ops.Audit;

/// <summary>Who did what, with the values before and after.</summary>
internal sealed class AuditSlice : IOpsSlice
{
    public void AddServices(IServiceCollection services) => services.AddSingleton<AuditLog>();

    public void MapPages(PageRoutes pages) => pages.Get("/audit", OperatorRole.Watch, Show);

    public void MapApi(RouteGroupBuilder api) =>
        api.MapGet("/audit", List).WithTags("Watch").Watch("listAudit", "Lists the audit log, newest first").Produces<ListModel<AuditModel>>();

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, AuditLog audit)
    {
        var query = context.Request.Query;
        var subject = query["subject"].ToString().Trim() is { Length: > 0 } wanted ? wanted : null;
        long? before = long.TryParse(query["before"], CultureInfo.InvariantCulture, out var id) ? id : null;
        return await pages.Show<AuditPage>(context, new()
        {
            [nameof(AuditPage.Entries)] = await audit.List(subject, before, OpsPages.ListLength, context.RequestAborted),
            [nameof(AuditPage.Subject)] = subject,
        });
    }

    private static async Task<IResult> List(string? subject, long? before, int? limit, AuditLog audit, CancellationToken stop)
    {
        if (AdminApi.RefuseLimit(limit) is { } refusal)
        {
            return refusal;
        }

        var most = limit ?? AdminApi.UsualSize;
        var entries = (await audit.List(subject, before, most, stop)).Select(AuditModel.Of).ToArray();
        return TypedResults.Ok(new ListModel<AuditModel>(entries, entries.Length == most ? entries[^1].Id.ToString(CultureInfo.InvariantCulture) : null));
    }
}

internal sealed record AuditModel(long Id, DateTimeOffset At, string Who, string What, string Subject, string Detail,
    [property: Description("An object of the values before the change, where they are kept.")] JsonElement? Before,
    [property: Description("And after it.")] JsonElement? After)
{
    public static AuditModel Of(AuditEntry entry) =>
        new(entry.Id, entry.At, entry.Who, entry.What, entry.Subject, entry.Detail, Parse(entry.Before), Parse(entry.After));

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}
