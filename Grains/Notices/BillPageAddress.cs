using Lakala.Storage.Bills;

namespace Lakala.Grains.Notices;

/// <summary>Where the bill pages are.</summary>
/// <param name="publicUrl">The silo as shoppers reach it, without a slash at its end.</param>
public sealed class BillPageAddress(string publicUrl)
{
    public const string Root = "/b";

    /// <summary>The page of a bill. Whoever has the address can read the bill.</summary>
    public string PayUrl(BillRow bill) => $"{publicUrl}{Root}/{bill.PageToken}";
}
