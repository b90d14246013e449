using Lakala.Storage.Bills;

namespace Lakala.Storage.Claims;

/// <summary>The content of the events of a claim, and their receivers on the shopper's side.</summary>
public interface IClaimNotices
{
    string ComposeData(ClaimRow claim);

    /// <summary>For the event that tells a merchant of a debt.</summary>
    string ComposeData(NewDebt debt);

    IReadOnlyList<string> FindReceivers(BillRow bill);
}
