namespace Lakala.Vocabulary;

/// <summary>A retrieval reference number (field 37): what the bank and the books call a swipe.</summary>
public static class Rrn
{
    /// <summary>Twelve digits.</summary>
    public static string ToText(long rrn) => rrn.ToString("D12", null);
}
