namespace Lakala.Terminal.Client.Words;

/// <summary>The server's reason numbers that the terminal uses itself or acts on.</summary>
internal static class LocalReason
{
    public const int TooManyRequests = 150;
    public const int BatchClosed = 161;
    public const int ClerkRefused = 170, ClerkLocked = 172;
    public const int BillMistyped = 301;
    public const int NoSuchBill = 302;
    public const int PaidAlready = 310;
    public const int Expired = 311;
    public const int Cancelled = 312;
    public const int RefundExceeds = 341;
    public const int OtherCard = 381;
    public const int RefundBatchClosed = 387;
    public const int NoAnswerFromBank = 403;
    public const int NeverHappened = 410;
}
