using System.Text.Json;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops.Settings;

/// <summary>Changes what a level sets.</summary>
internal sealed class SettingChanges(ParameterRows settings)
{
    private const string Member = "settings";

    /// <param name="body">JSON: takes the place of what the level said before.</param>
    /// <returns>What the level says now.</returns>
    public async Task<Result<SettingsAt>> Put(SettingLevel level, string? subject, string body, string who, CancellationToken stop)
    {
        if ((level == SettingLevel.Platform) != (subject is null))
        {
            return Refused.Invalid(Member, level == SettingLevel.Platform ? "The platform has no subject." : "Name the chain, store or terminal.");
        }

        JsonElement parsed;
        try
        {
            parsed = JsonElement.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            return Refused.Invalid(Member, "Settings are a JSON object, each member once.");
        }

        return TerminalSettings.Fault(parsed) is { } fault ? Refused.Invalid(Member, $"{char.ToUpperInvariant(fault[0])}{fault[1..]}.")
            : await settings.Put(level, subject, parsed.GetRawText(), who, stop) is null ? Refused.Invalid(Member, $"There is no {SettingsSlice.NameOf(level)} {subject}.")
            : await settings.At(level, subject, stop);
    }
}
