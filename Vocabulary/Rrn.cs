namespace Lakala.Vocabulary;

/// <summary>A retrieval reference number (field 37): the name of a swipe at the bank and in the books.</summary>
public static class Rrn
{
    /// <summary>Twelve digits.</summary>
    public static string ToText(long rrn) => rrn.ToString("D12", null);
}
