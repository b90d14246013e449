namespace Lakala.Wire.Iso8583;

/// <summary>Message types (MTI) of both lines.</summary>
public static class Mti
{
    public const string LookupRequest = "0100";
    public const string LookupAnswer = "0110";
    public const string PayRequest = "0200";
    public const string PayRepeat = "0201";
    public const string PayAnswer = "0210";
    public const string Refund = "0220";
    public const string RefundRepeat = "0221";
    public const string RefundAnswer = "0230";
    public const string Reversal = "0420";
    public const string ReversalRepeat = "0421";
    public const string ReversalAnswer = "0430";
    public const string BatchClose = "0500";
    public const string BatchCloseAnswer = "0510";
    public const string NetworkRequest = "0800";
    public const string NetworkAnswer = "0810";
}

/// <summary>Field 70.</summary>
public static class NetworkCode
{
    public const int SignOn = 1;
    public const int SignOff = 2;
    public const int ClerkSignIn = 61;
    public const int Parameters = 62;
    public const int Echo = 301;
}

/// <summary>Field 3.</summary>
public static class ProcessingCode
{
    public const int Refund = 200000;
    public const int Lookup = 300000;
    public const int BillPayment = 500000;
}

/// <summary>Field 22.</summary>
public static class EntryMode
{
    /// <summary>Magnetic stripe read; the terminal takes PINs. The only mode of payments.</summary>
    public const string Swiped = "021";
}

/// <summary>ISO 4217 in field 49.</summary>
public static class CurrencyCode
{
    public const int Cny = 156;
}
