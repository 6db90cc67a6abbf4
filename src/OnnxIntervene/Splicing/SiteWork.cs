namespace OnnxIntervene.Splicing;

/// <summary>
/// The splicing of one site, or of all sites of one recurrent operator: actions, each of which changes the graph at one
/// tensor, and the spliced sites that result.
/// </summary>
internal abstract class SiteWork
{
    /// <summary>The actions. Between them other sites may change the graph elsewhere.</summary>
    public abstract IEnumerable<SiteAction> Actions();

    /// <summary>Adds what the sites read to the outputs, once every action of every site is done.</summary>
    public abstract IEnumerable<(int Index, SitePorts Site)> Finish();
}
