using Lakala.Storage.Stores;

namespace Lakala.Silo.BillPages;

/// <summary>The stores on a bill page: those of one area, and the areas to choose from.</summary>
public sealed record StoresShown(IReadOnlyList<StoreArea> Areas, StoreArea? Chosen, IReadOnlyList<StoreFound> Found)
{
    /// <summary>The most stores of a page: more are of no use on a phone.</summary>
    public const int Most = 20;

    public bool IsChosen(StoreArea area) => area == Chosen;

    /// <summary>The page with the stores of another area.</summary>
    public string Address(StoreArea area, Texts texts) =>
        $"?lang={texts.Language}&region={Uri.EscapeDataString(area.Region)}&district={Uri.EscapeDataString(area.District)}#stores";

    public static string Name(StoreFound store, Texts texts) =>
        (texts == Texts.Chinese ? store.NameZh : null) ?? store.Name;
}
