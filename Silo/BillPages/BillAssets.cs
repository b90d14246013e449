using Lakala.Silo.Web;

namespace Lakala.Silo.BillPages;

/// <summary>The files that the bill pages load.</summary>
internal static class BillAssets
{
    public static readonly Asset Style = new(typeof(BillAssets), "bill.css", "text/css; charset=utf-8");
    public static readonly Asset Script = new(typeof(BillAssets), "bill.js", "text/javascript; charset=utf-8");

    public static IReadOnlyList<Asset> All => [Style, Script, Asset.Icon];
}
