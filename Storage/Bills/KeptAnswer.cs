namespace Lakala.Storage.Bills;

/// <summary>The answer to store under the merchant's Idempotency-Key, in the commit that it answers.</summary>
/// <param name="RequestHash">SHA-256 of the request's body.</param>
public sealed record KeptAnswer(string Key, byte[] RequestHash, int Status, string Response);
