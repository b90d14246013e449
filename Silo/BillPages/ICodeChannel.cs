using Lakala.Storage.Bills;

namespace Lakala.Silo.BillPages;

/// <summary>A way by which a one-time code reaches the shopper of a bill.</summary>
internal interface ICodeChannel
{
    /// <summary>Her address without its middle, to be shown on the page; null: she cannot be reached so.</summary>
    string? FindAddress(BillRow bill);

    /// <summary>One try. The code is neither stored nor logged.</summary>
    /// <returns>False: it was not taken; she may ask for another code.</returns>
    Task<bool> SendCode(BillRow bill, string code);
}
