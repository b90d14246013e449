using Lakala.Storage.Merchants;

namespace Lakala.Silo.MerchantPages;

/// <summary>What every page of a merchant's people knows.</summary>
/// <param name="Who">Null: nobody has signed in.</param>
/// <param name="Again">The page in the other language; null: it is the answer to a form.</param>
/// <param name="Done">What has just been done.</param>
/// <param name="Refusal">Why nothing was done.</param>
public sealed record PageContext(MerchantTexts Texts, MerchantUser? Who, string? Again, string? Done, string? Refusal);
