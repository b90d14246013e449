using Lakala.Storage.Bills;

namespace Lakala.Grains.Notices;

/// <summary>The address of the bill pages.</summary>
/// <param name="publicUrl">The public base address of the silo, without a slash at its end.</param>
public sealed class BillPageAddress(string publicUrl)
{
    public const string Root = "/b";

    /// <summary>The page of a bill. Anybody with the address can read the bill.</summary>
    public string PayUrl(BillRow bill) => $"{publicUrl}{Root}/{bill.PageToken}";
}
