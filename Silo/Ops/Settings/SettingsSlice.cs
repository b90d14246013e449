using System.ComponentModel;
using System.Security.Claims;
using System.Text.Json;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops.Settings;

/// <summary>What terminals are told, at four levels that inherit from each other.</summary>
internal sealed class SettingsSlice : IOpsSlice
{
    private const string Path = "/settings/{level:regex(^(platform|chain|store|terminal)$)}";

    public static string Link(SettingsAt at) => $"{OpsPages.Root}/settings?{Format.Query(("level", NameOf(at.Level)), ("subject", at.Subject))}";

    public static string NameOf(SettingLevel level) => level.ToString().ToLowerInvariant();

    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<ParameterRows>();
        services.AddSingleton<SettingChanges>();
    }

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/settings", OperatorRole.Watch, Show);
        pages.Post("/settings", OperatorRole.Administer, Put);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        foreach (var path in new[] { Path, Path + "/{subject}" })
        {
            var suffix = path == Path ? "OfPlatform" : "";
            api.MapGet(path, async (string level, string? subject, ParameterRows settings, CancellationToken stop) =>
                TypedResults.Ok(SettingsModel.Of(await settings.At(LevelOf(level), subject, stop))))
                .WithTags("Settings").Watch("getSettings" + suffix, "Shows the settings of a level, without what it inherits").Produces<SettingsModel>();

            api.MapPut(path, async (string level, string? subject, Body<PutSettings> body, ClaimsPrincipal user, SettingChanges changes, CancellationToken stop) =>
                (await changes.Put(LevelOf(level), subject, body.Value.Settings.GetRawText(), user.AsOperator().Name, stop))
                    .ToAnswer(now => TypedResults.Ok(SettingsModel.Of(now))))
                .WithTags("Settings").Administer("putSettings" + suffix, "Replaces the settings of a level").Produces<SettingsModel>().Changes();
        }
    }

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, ParameterRows settings)
    {
        var (level, subject) = Read(name => context.Request.Query[name].ToString());
        return await pages.Show<SettingsPage>(context, new() { [nameof(SettingsPage.Settings)] = await settings.At(level, subject, context.RequestAborted) });
    }

    private static async Task<IResult> Put(HttpContext context, OpsPages pages, SettingChanges changes, ParameterRows settings)
    {
        var form = PageGuard.FormOf(context);
        var (level, subject) = Read(name => form[name].ToString());
        var body = form["body"].ToString();
        var put = await changes.Put(level, subject, body, context.User.AsOperator().Name, context.RequestAborted);
        return put.Refused is { } refused
            ? await pages.Show<SettingsPage>(
                context,
                new()
                {
                    [nameof(SettingsPage.Settings)] = await settings.At(level, subject, context.RequestAborted),
                    [nameof(SettingsPage.Body)] = body,
                    [nameof(SettingsPage.Refusal)] = refused.Reasons[0],
                },
                refused.Problem.StatusCode)
            : PageGuard.SeeOther(Link(put.Value));
    }

    // A page without a level, or with one that there is not, is the platform's.
    private static (SettingLevel Level, string? Subject) Read(Func<string, string> value)
    {
        var level = Enum.TryParse<SettingLevel>(value("level"), ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) ? parsed : SettingLevel.Platform;
        return (level, level == SettingLevel.Platform ? null : value("subject").Trim());
    }

    private static SettingLevel LevelOf(string text) => Enum.Parse<SettingLevel>(text, ignoreCase: true);
}

internal sealed record PutSettings(
    [property: Description("An object of the members that the level sets itself; empty: none.")] JsonElement Settings);

internal sealed record SettingsModel(string Level, string? Subject, JsonElement Settings, int Version)
{
    public static SettingsModel Of(SettingsAt at) => new(SettingsSlice.NameOf(at.Level), at.Subject, JsonElement.Parse(at.Body), at.Version);
}
