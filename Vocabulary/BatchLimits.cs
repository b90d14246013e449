namespace Lakala.Vocabulary;

/// <summary>What both ends of the terminals' line must agree on about batches.</summary>
public static class BatchLimits
{
    /// <summary>Payments in one page of a batch's list: as many as field 48 holds beside the texts. A shorter page is the last.</summary>
    public const int MostListed = 30;
}
