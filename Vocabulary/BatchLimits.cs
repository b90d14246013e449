namespace Lakala.Vocabulary;

/// <summary>Bounds of batches that terminal and server share.</summary>
public static class BatchLimits
{
    /// <summary>Payments in one page of a batch's list: as many as field 48 holds beside the texts. A shorter page is the last.</summary>
    public const int MostListed = 30;
}
