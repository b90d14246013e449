namespace Lakala.Storage.Terminals;

/// <summary>
/// SQL of the levels from which a terminal inherits. The order of <see cref="SettingLevel"/> alone says which level goes before which.
/// Insert-only: the newest row of a level counts, the others are its history.
/// </summary>
/// <param name="Chain">In SQL, like the others: a column or a parameter.</param>
internal sealed record SettingLevels(string Chain, string Store, string Terminal)
{
    /// <summary>Of terminal t in store s.</summary>
    public static SettingLevels OfTerminal { get; } = new("s.chain", "s.id", "t.id");

    private static readonly SettingLevel[] All = Enum.GetValues<SettingLevel>();

    /// <summary>The newest version among the levels; 0: there are none.</summary>
    public string Version => $"coalesce(greatest({string.Join(", ", All.Select(level => $"(select max(p.version) {From(level)})"))}), 0)";

    /// <summary>The settings as one JSON object, each member from the nearest level that has it.</summary>
    public string Merged => string.Join(" || ", All.Select(level => $"coalesce((select p.body {Newest(level)}), '{{}}')"));

    /// <summary>What each level says itself, as rows of level, version and body.</summary>
    public string Rows => string.Join(" union all ", All.Select(level => $"(select {(int)level} as level, p.version, p.body::text as body {Newest(level)})"));

    private string Newest(SettingLevel level) => $"{From(level)} order by p.version desc limit 1";

    private string From(SettingLevel level) => "from terminal_parameters p where " + level switch
    {
        SettingLevel.Platform => "p.store_id is null and p.chain is null and p.terminal_id is null",
        SettingLevel.Chain => $"p.chain = {Chain}",
        SettingLevel.Store => $"p.store_id = {Store}",
        SettingLevel.Terminal => $"p.terminal_id = {Terminal}",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "There is no such level."),
    };
}
